"""Where PDFs are printed: in child processes kept warm, so that no web or worker process grows or hangs.

The typesetter keeps what it has seen (hundreds of megabytes after some long invoices) and a Compiler serves one thread
at a time. So each press owns a few children of one job at a time; a child that has done its share of jobs, holds too
much memory, or is too slow is ended, and another started. A child that dies under a job is replaced and the job tried
once more. Children end when their input closes, that is, when this process ends in whatever way.
"""

import atexit
import contextlib
import json
import logging
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from balancedue.rules.limits import MAX_PDF_DATA, MAX_PDF_LINES

log = logging.getLogger(__name__)

_OUT_OF_BOUNDS = (signal.SIGXCPU, signal.SIGABRT)  # no CPU time left; no memory left

CHILD = Path(__file__).with_name("press_child.py")


class NotPrinted(Exception):
    """No PDF could be made; the message is a sentence for people. The page with the same facts is still there."""


class NotSet(NotPrinted):
    """The typesetter refused the data, at once: a picture it cannot read, say."""


class _ChildDied(Exception):
    """The child is gone. `by_its_job`: it ran out of time or memory, and so would the next one."""

    def __init__(self, reason: str, *, by_its_job: bool = False) -> None:
        super().__init__(reason)
        self.by_its_job = by_its_job


class Press:
    """Prints from any thread. `children` at most at once; more callers wait their turn.

    A child is replaced after `jobs_each` jobs or above `recycle_kib` resident. It may never hold more than
    `memory_bytes` of address space (kernel limit), nor take more than `cpu_s` of CPU or `wall_s` for one job.
    """

    def __init__(
        self,
        *,
        children: int = 2,
        jobs_each: int = 500,
        recycle_kib: int = 192 * 1024,
        memory_bytes: int = 768 * 1024**2,
        cpu_s: int = 10,
        wall_s: float = 40,
    ) -> None:
        self._children = children
        self._turns = threading.BoundedSemaphore(children)
        self._lock = threading.Lock()
        self._idle: list[_Child] = []
        self._all: set[_Child] = set()
        self._jobs_each = jobs_each
        self._recycle_kib = recycle_kib
        self._limits = (str(memory_bytes), str(cpu_s))
        self._wall_s = wall_s

    def print(self, template: str, data: str, *, moment: int, rows: int = 0) -> bytes:
        """The PDF of `template` filled with `data` (JSON), dated `moment` (Unix seconds). NotPrinted when that fails.

        `rows` is counted against MAX_PDF_LINES first, the size of `data` against MAX_PDF_DATA.
        """
        job = json.dumps({"template": template, "data": data, "moment": moment}, ensure_ascii=False).encode()
        if rows > MAX_PDF_LINES or len(job) > MAX_PDF_DATA:
            raise NotPrinted("This document is too long for a PDF. The page shows all of it.")
        with self._turns:
            answer = self._answer(job)
        if answer[:1] == b"P":
            return answer[1:]
        log.error("pdf_not_printed template=%s reason=%s", template, answer[1:].decode(errors="replace"))
        raise NotSet("The PDF could not be made. The page shows the same facts.")

    def pids(self) -> list[int]:
        """The processes of this press, for operators and tests."""
        with self._lock:
            return [child.pid for child in self._all]

    def close(self) -> None:
        """End every child. The press can be used again."""
        with self._lock:
            children, self._all, self._idle = list(self._all), set(), []
        for child in children:
            child.end()

    def forget(self) -> None:
        """After a fork: the children are the parent's. Let go of them without ending them."""
        for child in self._all:
            child.let_go()
        self._all, self._idle = set(), []
        self._lock, self._turns = threading.Lock(), threading.BoundedSemaphore(self._children)

    def _answer(self, job: bytes) -> bytes:
        """One more try for a child found dead, none for one that its job has killed."""
        deadline = time.monotonic() + self._wall_s
        for attempt in (1, 2):
            try:
                with self._child() as child:
                    return child.do(job, deadline)
            except _ChildDied as reason:
                log.warning("press_child_died attempt=%d reason=%s", attempt, reason)
                if reason.by_its_job:
                    break
        raise NotPrinted("The PDF took too long to make. The page shows the same facts.")

    @contextlib.contextmanager
    def _child(self) -> Iterator["_Child"]:
        with self._lock:
            child = self._idle.pop() if self._idle else None
        child = child or self._start()
        try:
            yield child
        except BaseException:
            self._retire(child)  # also when the caller was interrupted halfway: its answer would reach the next one
            raise
        if child.jobs >= self._jobs_each or child.resident_kib > self._recycle_kib:
            self._retire(child)
            child = self._start()  # warms itself up while nobody waits for it
        with self._lock:
            self._idle.append(child)

    def _start(self) -> "_Child":
        child = _Child(self._limits)
        with self._lock:
            self._all.add(child)
        return child

    def _retire(self, child: "_Child") -> None:
        with self._lock:
            self._all.discard(child)
        child.end()


class _Child:
    """One process and its two pipes. Used by one thread at a time."""

    def __init__(self, limits: tuple[str, str]) -> None:
        self._process = subprocess.Popen(  # noqa: S603 (our own file, no shell)
            [sys.executable, "-P", str(CHILD), *limits],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=_bare_environment(),
            cwd=CHILD.parent,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._input: BinaryIO = self._process.stdin  # type: ignore[assignment]
        self._output = self._process.stdout.fileno()
        self._poll = select.poll()
        self._poll.register(self._output, select.POLLIN)
        self.pid = self._process.pid
        self.jobs = 0
        self.resident_kib = 0

    def do(self, job: bytes, deadline: float) -> bytes:
        """The answer to one job. Raises _ChildDied when there is none by `deadline` (monotonic seconds)."""
        try:
            self._input.write(len(job).to_bytes(4) + job)
            self._input.flush()
        except OSError as error:
            raise _ChildDied(str(error)) from error
        answer = self._read_frame(deadline)
        self.resident_kib = int(self._read_frame(deadline))
        self.jobs += 1
        return answer

    def end(self) -> None:
        """Kill and bury."""
        self._process.kill()
        self.let_go()
        self._process.wait()

    def let_go(self) -> None:
        """Close our ends of the pipes."""
        with contextlib.suppress(OSError):
            self._input.close()
        if self._process.stdout:
            self._process.stdout.close()

    def _read_frame(self, deadline: float) -> bytes:
        size = int.from_bytes(self._read(4, deadline))
        return self._read(size, deadline)

    def _read(self, size: int, deadline: float) -> bytes:
        parts = bytearray()
        while len(parts) < size:
            if not self._poll.poll(max(deadline - time.monotonic(), 0) * 1000):
                raise _ChildDied("too slow", by_its_job=True)
            part = os.read(self._output, size - len(parts))
            if not part:
                code = self._process.wait()
                raise _ChildDied(f"ended with {code}", by_its_job=-code in _OUT_OF_BOUNDS)
            parts += part
        return bytes(parts)


def _bare_environment() -> dict[str, str]:
    """Nothing of ours reaches the child: no keys, no database address."""
    kept = ("PATH", "LANG", "LC_ALL", "PYTHONPATH", "LD_LIBRARY_PATH", "SYSTEMROOT")
    return {name: os.environ[name] for name in kept if name in os.environ} | {"MALLOC_ARENA_MAX": "2"}


_press = Press()
atexit.register(_press.close)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_press.forget)


def press() -> Press:
    """The press of this process."""
    return _press
