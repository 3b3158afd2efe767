"""The `balancedue` command. What runs as a process of its own is in `running`; the rest are Django commands."""

import os
import sys
from collections.abc import Callable

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line

from balancedue.mailbox.__main__ import main as mailbox
from balancedue.running.demo import demo
from balancedue.running.serve import serve
from balancedue.sandbox.__main__ import main as sandbox

Main = Callable[[list[str]], int]

PROCESSES: dict[str, Main] = {"demo": demo, "serve": serve, "sandbox": sandbox, "mailbox": mailbox}

USAGE = """balancedue: collect the balance due on an order, by e-mail and card.

  balancedue demo       everything at once, with sample orders: nothing to set up
  balancedue serve      the web server
  balancedue worker     the background worker
  balancedue sandbox    a stand-in for a card processor
  balancedue mailbox    a mail server whose mail you read at /mailbox/

  balancedue create-account, create-api-key, connect-processor, import-orders, check-books, check-pay-page,
  backup, restore, reseal, and every Django command (migrate, check --deploy, shell): each says more with --help
"""


def main(argv: list[str] | None = None) -> int:
    """Run one command; answers its exit status."""
    arguments = sys.argv[1:] if argv is None else argv
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(USAGE, end="")
        return 0
    name, rest = arguments[0], arguments[1:]
    if name in PROCESSES:
        return PROCESSES[name](rest)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "balancedue.config.settings")
    return _django(name.replace("-", "_") if not name.startswith("-") else name, rest)


def _django(name: str, rest: list[str]) -> int:
    try:
        execute_from_command_line(["balancedue", name, *rest])
    except ImproperlyConfigured as error:
        print(f"balancedue: {error}", file=sys.stderr)
        return 2
    return 0
