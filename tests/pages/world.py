"""The product, running, with every state built: started once for each test process."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.environment import make_home
from tests.ports import free_port
from tests.servers import Sandbox, start_sandbox

READY_SECONDS, STOP_SECONDS = 30, 10
ROOT = Path(__file__).resolve().parents[2]


@dataclass
class World:
    """A database, a web server, a stand-in processor and a mailbox of their own."""

    home: Path
    url: str
    sandbox: Sandbox
    server: "subprocess.Popen[bytes]"
    paths: dict[str, str] = field(default_factory=dict)
    wrong: dict[str, str] = field(default_factory=dict)
    sessions: dict[str, str] = field(default_factory=dict)
    pages: dict[str, str] = field(default_factory=dict)

    def stop(self) -> None:
        """End it and remove what it wrote."""
        if self.server.poll() is None:
            os.killpg(self.server.pid, signal.SIGTERM)
        try:
            self.server.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(self.server.pid, signal.SIGKILL)
            self.server.wait()
        self.sandbox.stop()
        shutil.rmtree(self.home, ignore_errors=True)


def start_world() -> World:
    """Build every state, then serve it."""
    home = make_home()
    port = free_port()
    url = f"http://localhost:{port}"
    sandbox = start_sandbox(home, url, settle_seconds=2)
    try:
        environment = _environment(home, url, sandbox)
        built = _build(home, environment)
        command = [sys.executable, "-m", "balancedue", "serve", "--port", str(port), "--workers", "1"]
        with (home / "server.log").open("wb") as log:
            server = subprocess.Popen(command, env=environment, start_new_session=True, stdout=log, stderr=log)
    except BaseException:
        sandbox.stop()
        raise
    world = World(home, url, sandbox, server, **built)
    try:
        _await(world)
    except BaseException:
        world.stop()
        raise
    return world


def _build(home: Path, environment: dict[str, str]) -> dict[str, Any]:
    """Static files and every state, side by side."""
    built = home / "built.json"
    collect = [*_django(), "collectstatic", "--noinput", "--verbosity", "0"]
    collecting = subprocess.Popen(collect, env=environment)
    try:
        nobody_listens = environment | {"BALANCEDUE_ROUND_TRIP_SECONDS": "0"}
        subprocess.run([sys.executable, "-m", "tests.pages.shops", str(built)], env=nobody_listens, check=True)
    finally:
        assert collecting.wait() == 0
    found: dict[str, Any] = json.loads(built.read_text())
    return found


def _django() -> list[str]:
    return [sys.executable, "-m", "django"]


def _await(world: World) -> None:
    until = time.monotonic() + READY_SECONDS
    while True:
        try:
            with urllib.request.urlopen(f"{world.url}/healthz", timeout=2):
                return
        except OSError:
            assert time.monotonic() < until, "the web server did not start"
            assert world.server.poll() is None, (world.home / "server.log").read_text()
            time.sleep(0.1)


def _environment(home: Path, url: str, sandbox: Sandbox) -> dict[str, str]:
    without = {"BALANCEDUE_STATIC_STORAGE", "BALANCEDUE_SEND_HOLD_SECONDS", "BALANCEDUE_ROUND_TRIP_SECONDS"}
    inherited: dict[str, Any] = {name: value for name, value in os.environ.items() if name not in without}
    keys = {"secret_key": sandbox.secret_key, "publishable_key": sandbox.publishable_key}
    return inherited | {
        "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
        "DATABASE_URL": f"sqlite:///{home / 'pages.sqlite3'}",
        "BALANCEDUE_DATA_DIR": str(home),
        "BALANCEDUE_PUBLIC_URL": url,
        "BALANCEDUE_SANDBOX_URL": sandbox.url,
        "BALANCEDUE_DEMO": "1",
        "BALANCEDUE_MAILBOX_DIR": str(home / "mailbox"),
        "PAGES_SANDBOX_URL": sandbox.url,
        "PAGES_SANDBOX_KEYS": json.dumps(keys),
        "TMPDIR": tempfile.gettempdir(),
    }
