"""The product's web server, as a process of its own."""

import fcntl
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from balancedue.running.processes import Child, start, wait_until_ready
from tests.ports import free_port

STOP_SECONDS = 10


@dataclass
class WebServer:
    """The product's web server, started once for all journeys of this process, on one origin."""

    port: int = field(default_factory=free_port)
    child: Child | None = None

    @property
    def url(self) -> str:
        """As browsers type it; the processor has another host name, as in real life."""
        return f"http://localhost:{self.port}"

    def start(self, environment: dict[str, str]) -> None:
        """Start it, if it does not run yet, and wait until it answers. It ends with this process, whatever happens."""
        if self._is_alive():
            return
        environment = environment | {"BALANCEDUE_PUBLIC_URL": self.url}
        _collect_static(environment)
        self.child = start("web server", ["serve", "--port", str(self.port), "--workers", "1"], environment)
        assert wait_until_ready(f"{self.url}/healthz", alive=self._is_alive), "the web server did not start"

    def stop(self) -> None:
        """End it with its workers."""
        if self.child is not None:
            self.child.end()
            self.child.wait(time.monotonic() + STOP_SECONDS)

    def _is_alive(self) -> bool:
        return self.child is not None and self.child.process.poll() is None


def _collect_static(environment: dict[str, str]) -> None:
    """Once for the processes that share these files: a second one waits for the first."""
    done = Path(environment["BALANCEDUE_DATA_DIR"]) / "static-collected"
    with done.open("a+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if done.stat().st_size == 0:
            collect = [sys.executable, "-m", "django", "collectstatic", "--noinput", "--verbosity", "0"]
            subprocess.run(collect, env=environment, check=True)
            lock.write("yes")
