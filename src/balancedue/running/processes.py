"""Child processes that live and die together (tried.md G)."""

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

PR_SET_PDEATHSIG = 1
STOP_SECONDS = 22  # longer than the web server's own grace


@dataclass(frozen=True, slots=True)
class Child:
    """One process in a session of its own, so that Ctrl-C reaches only its parent."""

    name: str
    process: subprocess.Popen[bytes]

    def end(self) -> None:
        """Ask the whole group to end: the web server's workers outlive their master otherwise."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGTERM)

    def wait(self, until: float) -> None:
        """Wait, and kill what is left when the time is up."""
        try:
            self.process.wait(max(0.1, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


def start(name: str, arguments: Sequence[str], environment: Mapping[str, str]) -> Child:
    """Start `python -m balancedue ARGUMENTS`; it is told to stop when its parent dies, where the system can do that."""
    command = [sys.executable, "-m", "balancedue", *arguments]
    process = subprocess.Popen(  # noqa: S603 - our own interpreter, no shell
        command,
        env=dict(environment),
        start_new_session=True,
        preexec_fn=_die_with_parent,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,  # what they have to complain about is on stderr
    )
    return Child(name, process)


def run(arguments: Sequence[str], environment: Mapping[str, str], *, given: str = "") -> None:
    """Run `python -m balancedue ARGUMENTS` to its end; SystemExit with its status when it fails."""
    command = [sys.executable, "-m", "balancedue", *arguments]
    done = subprocess.run(command, env=dict(environment), input=given.encode(), stdout=subprocess.DEVNULL)  # noqa: S603
    if done.returncode:
        raise SystemExit(done.returncode)


def taken_ports(ports: Mapping[str, int]) -> list[str]:
    """The names of those ports somebody listens on already."""
    return [name for name, port in ports.items() if _is_taken(port)]


def wait_until_ready(address: str, *, alive: Callable[[], bool], seconds: float = 30) -> bool:
    """Whether `address` answers 2xx in time, while the children are alive."""
    until = time.monotonic() + seconds
    while time.monotonic() < until and alive():
        try:
            with urllib.request.urlopen(address, timeout=2):  # noqa: S310 - our own address
                return True
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    return False


def _is_taken(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def _die_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
