"""The product's web server, as a process of its own."""

import os
import signal
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass, field

from tests.ports import free_port

READY_SECONDS = 30
STOP_SECONDS = 10


@dataclass
class WebServer:
    """The product's web server, started once for all journeys of this process, on one origin."""

    port: int = field(default_factory=free_port)
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def url(self) -> str:
        """As browsers type it; the processor has another host name, as in real life."""
        return f"http://localhost:{self.port}"

    def start(self, environment: dict[str, str]) -> None:
        """Start it, if it does not run yet, and wait until it answers."""
        if self.process is not None and self.process.poll() is None:
            return
        environment = environment | {"BALANCEDUE_PUBLIC_URL": self.url}
        collect = [sys.executable, "-m", "django", "collectstatic", "--noinput", "--verbosity", "0"]
        subprocess.run(collect, env=environment, check=True)
        command = [sys.executable, "-m", "balancedue", "serve", "--port", str(self.port), "--workers", "1"]
        self.process = subprocess.Popen(command, env=environment, start_new_session=True)
        until = time.monotonic() + READY_SECONDS
        while not self._answers():
            assert time.monotonic() < until, "the web server did not start"
            time.sleep(0.1)

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/healthz", timeout=2):
                return True
        except OSError:
            return False

    def stop(self) -> None:
        """End it with its workers."""
        if self.process is None:
            return
        os.killpg(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
