"""The append-only and balance triggers, and the cache table (allauth's limits are shared by all processes)."""

from django.core.management import call_command
from django.db import migrations

from balancedue.models import guards_sql


def install(apps, schema_editor):
    guards_sql.install(schema_editor.connection)


def drop(apps, schema_editor):
    guards_sql.drop(schema_editor.connection)


def make_cache(apps, schema_editor):
    call_command("createcachetable", database=schema_editor.connection.alias, verbosity=0)


class Migration(migrations.Migration):
    dependencies = [("balancedue", "0001_initial")]
    operations = [
        migrations.RunPython(install, drop),
        migrations.RunPython(make_cache, migrations.RunPython.noop),
    ]
