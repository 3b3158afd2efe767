"""The press: its children work, die, are replaced, and never outlive their parent."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

import balancedue
from balancedue.documents.invoice_pdf import TEMPLATE, invoice_data
from balancedue.documents.press import NotPrinted, Press
from tests.documents.samples import make_invoice, make_line

SHORT = invoice_data(make_invoice(2))
LONG = invoice_data(make_invoice(1500))


@pytest.fixture
def build() -> Iterator[Callable[..., Press]]:
    """A press of one's own, closed afterwards."""
    presses: list[Press] = []

    def build(**limits: object) -> Press:
        presses.append(Press(**limits))
        return presses[-1]

    yield build
    for press in presses:
        press.close()


def run(press: Press, data: str = SHORT) -> bytes:
    return press.print(TEMPLATE, data, moment=1_800_000_000)


def gone(pid: int) -> bool:
    try:
        process = psutil.Process(pid)
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_no_child_is_started_before_there_is_work(build: Callable[..., Press]) -> None:
    """No process that keeps growing; none at all where no PDF is made."""
    press = build()
    assert press.pids() == []
    run(press)
    assert len(press.pids()) == 1


def test_a_child_killed_between_jobs_is_replaced(build: Callable[..., Press]) -> None:
    """J5: the next call starts another and prints."""
    press = build()
    first = run(press)
    (old,) = press.pids()
    os.kill(old, signal.SIGKILL)
    assert run(press) == first
    assert press.pids() != [old]
    assert gone(old)


def test_a_child_killed_in_the_middle_of_a_job_costs_a_second_try_only(build: Callable[..., Press]) -> None:
    """J5."""
    press = build()
    run(press)
    (old,) = press.pids()
    with ThreadPoolExecutor(1) as pool:
        printing = pool.submit(run, press, LONG)
        time.sleep(0.02)
        os.kill(old, signal.SIGKILL)
        assert printing.result(timeout=60).startswith(b"%PDF")
    assert gone(old)


def test_a_job_that_takes_too_long_is_ended(build: Callable[..., Press]) -> None:
    """J5: a deadline on the clock, and one on CPU time that the kernel keeps. The press then goes on."""
    slow = build(wall_s=0.05)
    with pytest.raises(NotPrinted, match="too long to make"):
        run(slow, LONG)
    assert slow.pids() == []
    lines = tuple(replace(make_line(n, "USD"), description="ภาษาไทยยากมาก " * 30) for n in range(3000))
    words = invoice_data(make_invoice(lines=lines))
    hungry = build(cpu_s=0)
    with pytest.raises(NotPrinted, match="too long to make"):
        run(hungry, words)
    assert run(hungry).startswith(b"%PDF")


def test_a_child_may_not_hold_more_than_its_share(build: Callable[..., Press]) -> None:
    """J5: the kernel refuses the memory; the child dies, this process does not."""
    tight = build(memory_bytes=230 * 1024**2)
    with pytest.raises(NotPrinted):
        run(tight, invoice_data(make_invoice(3000)))
    assert run(tight).startswith(b"%PDF")


def test_a_child_is_replaced_after_its_share_of_jobs_or_when_it_has_grown(build: Callable[..., Press]) -> None:
    """tried.md F: the typesetter's caches are never given back but by ending the process."""
    worn = build(jobs_each=3)
    pids = []
    for _ in range(6):
        run(worn)
        pids += worn.pids()
    assert len(set(pids)) == 3
    grown = build(recycle_kib=70 * 1024)
    run(grown)
    (before,) = grown.pids()
    run(grown, LONG)
    assert grown.pids() != [before]
    assert gone(before)


def test_many_threads_share_a_few_children(build: Callable[..., Press]) -> None:
    """tried.md F: a compiler serves one thread at a time; everyone gets the document they asked for."""
    press = build(children=2)
    data = [invoice_data(make_invoice(1 + n, number=f"T-{n}")) for n in range(24)]
    alone = [run(press, text) for text in data]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda text: run(press, text), data)) == alone
    assert len(press.pids()) <= 2


def test_data_the_typesetter_refuses_does_not_cost_the_child(build: Callable[..., Press]) -> None:
    """An error is an answer; the child goes on."""
    press = build()
    run(press)
    before = press.pids()
    with pytest.raises(NotPrinted, match="could not be made"):
        run(press, "{}")
    with pytest.raises(NotPrinted, match="too long for a PDF"):
        run(press, "x" * 9_000_000)
    assert run(press).startswith(b"%PDF")
    assert press.pids() == before


def test_a_child_knows_no_secrets(build: Callable[..., Press], monkeypatch: pytest.MonkeyPatch) -> None:
    """J5: nothing of ours is in its environment."""
    monkeypatch.setenv("BALANCEDUE_SECRET_KEY", "do-not-pass-on")
    press = build()
    run(press)
    assert "BALANCEDUE_SECRET_KEY" not in psutil.Process(press.pids()[0]).environ()


PARENT = f"""
import os, sys, time
sys.path[:0] = {[str(Path(balancedue.__file__).parents[1]), str(Path(__file__).parents[2])]!r}
from balancedue.documents.invoice_pdf import invoice_pdf
from balancedue.documents.press import press
from tests.documents.samples import make_invoice
invoice_pdf(make_invoice(1))
print(*press().pids(), flush=True)
"""


def _start(more: str) -> tuple[subprocess.Popen[str], int]:
    parent = subprocess.Popen([sys.executable, "-c", PARENT + more], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    return parent, int(parent.stdout.readline())


def _soon_gone(pid: int) -> bool:
    deadline = time.monotonic() + 10
    while not gone(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    return gone(pid)


@pytest.mark.parametrize("end", ["falls off its end", "SIGTERM", "SIGKILL"])
def test_children_end_with_their_parent(end: str) -> None:
    """However the parent goes, no process is left."""
    parent, child = _start("" if end == "falls off its end" else "time.sleep(60)")
    with parent:
        if end.startswith("SIG"):
            parent.send_signal(getattr(signal, end))
        parent.wait(timeout=20)
        assert _soon_gone(child)


def test_a_fork_of_the_parent_gets_children_of_its_own() -> None:
    """Web servers fork: two processes must never talk down the same pipe."""
    more = """
if (fork := os.fork()) == 0:
    assert press().pids() == []
    invoice_pdf(make_invoice(2))
    print(*press().pids(), flush=True)
    press().close()
    os._exit(0)
assert os.waitpid(fork, 0)[1] == 0
invoice_pdf(make_invoice(3))
print(*press().pids(), flush=True)
"""
    parent, child = _start(more)
    with parent:
        assert parent.stdout is not None
        in_fork, in_parent = int(parent.stdout.readline()), int(parent.stdout.readline())
        assert parent.wait(timeout=20) == 0
    assert in_parent == child
    assert in_fork != child
    assert _soon_gone(child)
    assert _soon_gone(in_fork)


def test_this_process_does_not_grow_with_what_it_prints(build: Callable[..., Press]) -> None:
    """No process keeps growing. `bench/pdf.py` runs the long version of this."""
    press = build(recycle_kib=100 * 1024)
    run(press)
    before = psutil.Process().memory_info().rss
    for n in range(12):
        run(press, invoice_data(make_invoice(593, number=f"G-{n}")))
    assert psutil.Process().memory_info().rss - before < 24 * 1024**2
    assert all(psutil.Process(pid).memory_info().rss < 160 * 1024**2 for pid in press.pids())
