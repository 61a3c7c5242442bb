"""Reports: what one PDF costs cold and warm, and whether a hundred in one worker leave anything.

A portfolio of 2,520 sessions: 4 charts, holdings, ledger, every figure with its formula.
"""

from __future__ import annotations

import gc
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from typing import Final

from benchmarks.figures import Figure

MANY: Final = 100
_COLD: Final = """
import time
began = time.perf_counter()
from stocksite.reports import plain, printing
report = plain.read(open({path!r}).read())
text = plain.canonical(report)
printing.print_pdf(report, text, plain.digest(text), "x")
print(time.perf_counter() - began)
"""


def _megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def figures() -> Iterator[Figure]:
    """The figures beside their goals."""
    from stocksite.reports import plain, printing
    from stocksite.reports.building import portfolio
    from tests.reports.generated import inputs

    report = portfolio.build(inputs(trades=12, fans=0))
    text = plain.canonical(report)
    digest = plain.digest(text)
    yield Figure("report: PDF cold, with imports", _cold(text), "s", 1.2)
    took, busy, grown = [], [], []
    made = None
    for n in range(1, MANY + 1):
        began, spent = time.perf_counter(), time.process_time()
        made = printing.print_pdf(report, text, digest, plain.short_id(digest))
        took.append(time.perf_counter() - began)
        busy.append(time.process_time() - spent)
        if n in (10, MANY):
            gc.collect()
            grown.append(_megabytes())
    assert made is not None
    yield Figure(
        f"report: PDF warm, best ({made.pages} pages)",
        min(took),
        "s",
        0.5,
        f"{min(busy):.2f} s of processor time",
    )
    yield Figure("report: PDF warm, median", sorted(took)[len(took) // 2], "s")
    yield Figure("report: size", len(made.pdf) / 1000, "kB", 100)
    yield Figure("report: memory of the worker", grown[-1], "MB", 200)
    yield Figure(f"report: growth, 10th to {MANY}th", grown[-1] - grown[0], "MB", 10)


def _cold(text: str) -> float:
    """The best of three processes that print one report."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as kept:
        kept.write(text)
        kept.flush()
        code = _COLD.format(path=kept.name)
        run = [sys.executable, "-c", code]
        return min(float(subprocess.check_output(run)) for _ in range(3))
