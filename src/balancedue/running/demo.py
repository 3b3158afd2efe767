"""`balancedue demo`: sample data, web server, worker, sandbox and mailbox together; Ctrl-C stops all."""

import argparse
import base64
import json
import os
import secrets
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from .processes import STOP_SECONDS, Child, run, start, taken_ports, wait_until_ready

EMAIL = "priya@foxgloveprint.example"
ACCOUNT = "foxglove"


@dataclass(frozen=True, slots=True)
class Place:
    """Where one demo runs: its folder and its ports."""

    data: Path
    port: int

    @property
    def ports(self) -> dict[str, int]:
        return {
            "web server": self.port,
            "sandbox": self.port + 1,
            "mail server": self.port + 2,
            "mailbox": self.port + 3,
        }

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    @property
    def sandbox_url(self) -> str:
        # Another host name than the shop's: cookies and frames then behave as they do with a real processor.
        return f"http://127.0.0.1:{self.port + 1}"


def demo(argv: list[str]) -> int:
    """Run the demo until Ctrl-C or SIGTERM; 1 when a part of it cannot start or ends."""
    parser = argparse.ArgumentParser(prog="balancedue demo", description="Everything at once, with sample orders.")
    parser.add_argument("--port", type=int, default=8000, help="of the web server; the next three are used too")
    parser.add_argument("--data", type=Path, default=Path("demo-data"), help="folder that keeps the demo's data")
    given = parser.parse_args(argv)
    place = Place(given.data.resolve(), given.port)
    taken = taken_ports(place.ports)
    if taken:
        numbers = ", ".join(f"{place.ports[name]} ({name})" for name in taken)
        print(f"Somebody is already using port {numbers}. Choose others: --port 8100", file=sys.stderr)
        return 1
    place.data.mkdir(parents=True, exist_ok=True)
    return _Demo(place).run()


class _Demo:
    def __init__(self, place: Place) -> None:
        self.place = place
        self.secrets = _secrets(place.data / "demo-secrets.json")
        self.environment = _environment(place, self.secrets)
        self.children: list[Child] = []
        self.stopping = False

    def run(self) -> int:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._stop)
        try:
            if not self._start():
                return 0 if self.stopping else self._say_what_ended()
            self._say_where()
            while not self.stopping and self._all_alive():
                time.sleep(0.3)
            return 0 if self.stopping else self._say_what_ended()
        finally:
            self._end()

    def _stop(self, number: int, frame: object) -> None:
        self.stopping = True

    def _all_alive(self) -> bool:
        return not self.stopping and all(child.process.poll() is None for child in self.children)

    def _start(self) -> bool:
        place, ports = self.place, self.place.ports
        run(["migrate", "--verbosity", "0"], self.environment)
        run(["collectstatic", "--noinput", "--verbosity", "0"], self.environment)
        mail, sandbox = str(place.data / "mailbox"), str(place.data / "sandbox")
        self._add("mailbox", "--smtp-port", str(ports["mail server"]), "--port", str(ports["mailbox"]), "--data", mail)
        self._add("sandbox", "--port", str(ports["sandbox"]), "--data", sandbox, "--merchant-origin", place.url)
        self._add("serve", "--port", str(ports["web server"]), "--workers", "1")
        answers = [
            f"{place.sandbox_url}/healthz",
            f"http://127.0.0.1:{ports['mailbox']}/mailbox/",
            f"{place.url}/healthz",
        ]
        if not all(wait_until_ready(answer, alive=self._all_alive) for answer in answers):
            return False
        keys = str(place.data / "sandbox" / "keys.json")
        password = self.secrets["password"]
        run(["load-samples", ACCOUNT, "--owner-email", EMAIL, "--sandbox-keys", keys], self.environment, given=password)
        self._add("worker")
        return wait_until_ready(f"{place.url}/readyz", alive=self._all_alive)

    def _add(self, *arguments: str) -> None:
        self.children.append(start(arguments[0], arguments, self.environment))

    def _end(self) -> None:
        """Web and worker first: what they are asking the sandbox is answered."""
        until = time.monotonic() + STOP_SECONDS
        first = [child for child in self.children if child.name in ("serve", "worker")]
        for group in (first, [child for child in self.children if child not in first]):
            for child in group:
                child.end()
            for child in group:
                child.wait(until)

    def _say_where(self) -> None:
        lines = {
            "Balancedue": f"{self.place.url}/",
            "Sign in": f"{EMAIL}  password  {self.secrets['password']}",
            "Mailbox": f"{self.place.url}/mailbox/",
            "Test processor": f"{self.place.sandbox_url}/   pay with 4242 4242 4242 4242, any later date, any code",
        }
        print("\n" + "\n".join(f"  {name:<15} {words}" for name, words in lines.items()), flush=True)
        print("\n  No card is charged and no mail leaves this machine. Ctrl-C stops it.\n", flush=True)

    def _say_what_ended(self) -> int:
        for child in self.children:
            if child.process.poll() is not None:
                print(
                    f"The {child.name} process ended ({child.process.returncode}); stopping the rest.", file=sys.stderr
                )
        return 1


def _secrets(path: Path) -> dict[str, str]:
    """The demo's own keys and password, made once per folder."""
    if not path.exists():
        made = {
            "secret_key": secrets.token_urlsafe(48),
            "field_key": base64.b64encode(secrets.token_bytes(32)).decode(),
            "password": f"foxglove-{secrets.token_hex(3)}",
        }
        path.touch(mode=0o600)
        path.write_text(json.dumps(made))
    kept: dict[str, str] = json.loads(path.read_text())
    return kept


def _environment(place: Place, kept: dict[str, str]) -> dict[str, str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("BALANCEDUE_")}
    clean.pop("DATABASE_URL", None)
    return clean | {
        "DJANGO_SETTINGS_MODULE": "balancedue.config.settings",
        "EMAIL_URL": f"smtp://127.0.0.1:{place.ports['mail server']}",
        "BALANCEDUE_DEMO": "1",
        "BALANCEDUE_DATA_DIR": str(place.data),
        "BALANCEDUE_MAILBOX_DIR": str(place.data / "mailbox"),
        "BALANCEDUE_SECRET_KEY": kept["secret_key"],
        "BALANCEDUE_FIELD_KEYS": f"demo:{kept['field_key']}",
        "BALANCEDUE_PUBLIC_URL": place.url,
        "BALANCEDUE_ALLOWED_HOSTS": "localhost,127.0.0.1",
        "BALANCEDUE_SANDBOX_URL": place.sandbox_url,
    }
