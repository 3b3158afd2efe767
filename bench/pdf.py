"""An invoice of 10 lines through the press, against a bare typst compile of the same template and data, in one run.

    python -m bench.pdf

Prints both medians and their ratio (at most 2.0), then what this process and its children hold after 300 invoices of
1 to 593 lines. Exit status 1 when a goal is missed.
"""

import statistics
import sys
import time
from collections.abc import Callable

import psutil
import typst

from balancedue.documents.invoice_pdf import TEMPLATE, invoice_data, invoice_pdf
from balancedue.documents.press import press
from balancedue.documents.press_child import HERE, STANDARDS, TEMPLATES
from balancedue.rules.invoice import Invoice
from tests.documents.samples import make_invoice, make_payment

ROUNDS = 60
RATIO = 2.0
MIXED = 300
OWN_GROWTH_MB = 16
CHILD_MB = 512
PAY_URL = "https://pay.foxglove.example/i/" + "Zk3vQ9xLr7TnB2aWc5eY8mPd" + "QhJ4sKfG6uVtN1oRbXi"


def main() -> int:
    """Both measurements; 0 when both goals are met."""
    return 0 if (_speed() & _memory()) else 1


def _speed() -> bool:
    bare = _bare_compiler()
    ours, theirs = [], []
    for n in range(-5, ROUNDS):
        invoice = _ten_lines(n)
        data = invoice_data(_ten_lines(n + 1000), pay_url=PAY_URL)
        pair = (
            _milliseconds(lambda invoice=invoice: invoice_pdf(invoice, pay_url=PAY_URL)),
            _milliseconds(lambda data=data: bare(data)),
        )
        if n >= 0:  # the first few warm both up
            ours.append(pair[0])
            theirs.append(pair[1])
    ratio = statistics.median(ours) / statistics.median(theirs)
    print(f"invoice of 10 lines, new data each time, {ROUNDS} pairs")
    print(f"  ours (facts to PDF, in the press)   {statistics.median(ours):6.1f} ms   p95 {_p95(ours):6.1f} ms")
    print(f"  bare typst compile, same data       {statistics.median(theirs):6.1f} ms   p95 {_p95(theirs):6.1f} ms")
    print(f"  ratio of medians                    {ratio:6.2f}      goal <= {RATIO}")
    return ratio <= RATIO


def _memory() -> bool:
    me = psutil.Process()
    before, highest = _mb(me), 0.0
    for n in range(MIXED):
        count = 593 if n % 10 == 9 else 1 + n % 40
        invoice_pdf(make_invoice(count, number=f"M-{n}", payments=(make_payment(100 + n),)), pay_url=PAY_URL)
        highest = max(highest, sum(_mb(psutil.Process(pid)) for pid in press().pids()))
    grown = _mb(me) - before
    print(f"{MIXED} invoices of 1 to 593 lines, every tenth the longest")
    print(f"  this process grew by                {grown:6.1f} MB   goal <= {OWN_GROWTH_MB}")
    print(f"  the press held at most              {highest:6.1f} MB   goal <= {CHILD_MB}")
    return grown <= OWN_GROWTH_MB and highest <= CHILD_MB


def _ten_lines(n: int) -> Invoice:
    return make_invoice(10, number=f"INV-{n}", rates=("8.25",), payments=(make_payment(1000 + n),), shipping=500 + n)


def _bare_compiler() -> Callable[[str], object]:
    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[HERE / "fonts"])
    compiler = typst.Compiler(TEMPLATES / TEMPLATE, root=TEMPLATES, font_paths=fonts)
    return lambda data: compiler.compile(
        format="pdf", sys_inputs={"data": data}, pdf_standards=STANDARDS, timestamp=1_800_000_000
    )


def _milliseconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1000


def _p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]


def _mb(process: psutil.Process) -> float:
    return float(process.memory_info().rss) / 1024**2


if __name__ == "__main__":
    sys.exit(main())
