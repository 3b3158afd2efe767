"""The product's background worker, as a process of its own."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

STOP_SECONDS = 20
TOLD = 4_000  # characters of the log, where it matters


class WorkerProcess:
    """`balancedue worker`, until `stop`. What it logs is kept in `log`."""

    def __init__(self, environment: Mapping[str, str], log: Path) -> None:
        self._log = log
        with log.open("ab") as out:
            command = [sys.executable, "-m", "balancedue", "worker"]
            self.process = subprocess.Popen(command, env=dict(environment), stdout=out, stderr=out)

    def stop(self) -> None:
        """Ask it to end, as a service manager does. It ends by itself, and nothing went wrong inside."""
        self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(STOP_SECONDS)
        finally:
            self.process.kill()
            self.process.wait()
        said = self._log.read_text()[:TOLD]
        assert status in (0, -signal.SIGTERM), said  # the latter: asked before it had come up
        assert "Traceback" not in said, said

    def kill(self) -> None:
        """As the power going off."""
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()
