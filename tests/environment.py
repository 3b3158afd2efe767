"""What the tests' processes find in their environment. Set before Django's settings are read."""

import base64
import os
import secrets
import shutil
import tempfile
from pathlib import Path

SHARED_MEMORY = Path("/dev/shm")  # a database in memory needs no disk to sync to
ROOM = 1 << 30


def make_home() -> Path:
    """A new folder for everything this run writes, in memory where there is room."""
    in_memory = SHARED_MEMORY.is_dir() and os.access(SHARED_MEMORY, os.W_OK)
    roomy = in_memory and shutil.disk_usage(SHARED_MEMORY).free > ROOM
    return Path(tempfile.mkdtemp(prefix="balancedue-tests-", dir=SHARED_MEMORY if roomy else None))


def prepare(home: Path, database_url: str) -> None:
    """Set the environment of this process, and so of every process it starts."""
    for name in [name for name in os.environ if name.startswith("BALANCEDUE_")]:
        del os.environ[name]
    (home / "static").mkdir(exist_ok=True)  # the server of static files says so when its folder is missing
    os.environ.update(
        DJANGO_SETTINGS_MODULE="balancedue.config.settings",
        DATABASE_URL=database_url,
        EMAIL_URL="smtp://127.0.0.1:1",  # nobody listens: a test that sends mail asks for the mail_server fixture
        BALANCEDUE_DATA_DIR=str(home),
        BALANCEDUE_SECRET_KEY=secrets.token_urlsafe(48),
        BALANCEDUE_FIELD_KEYS="test:" + base64.b64encode(secrets.token_bytes(32)).decode(),
        BALANCEDUE_PUBLIC_URL="http://localhost:8000",
        BALANCEDUE_SEND_HOLD_SECONDS="0",
        BALANCEDUE_ROUND_TRIP_SECONDS="0",
        BALANCEDUE_STATIC_STORAGE="django.contrib.staticfiles.storage.StaticFilesStorage",
        BALANCEDUE_DB_POOL="4",
        # Playwright keeps an event loop in this thread; our own code never runs in it.
        DJANGO_ALLOW_ASYNC_UNSAFE="1",
    )
