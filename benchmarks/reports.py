"""Reports: what one PDF costs cold and warm, and whether a hundred in one worker leave anything.

A portfolio of 2,520 sessions: 4 charts, holdings, ledger, every figure with its formula.
"""

from __future__ import annotations

import gc
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from benchmarks.figures import Figure, peak_mib

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


def figures() -> Iterator[Figure]:
    """The figures beside their goals."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as kept:
        kept.write(_report())
        kept.flush()
        run = [sys.executable, "-c", _COLD.format(path=kept.name)]
        cold = min(float(subprocess.check_output(run)) for _ in range(3))
        yield Figure("report: PDF cold, with imports", cold, "s", 1.2)
        hundred = [sys.executable, "-m", "benchmarks.reports", kept.name]
        told = json.loads(subprocess.check_output(hundred))
    best = f"report: PDF warm, best ({told['pages']} pages)"
    busy = f"{min(told['busy']):.2f} s of processor time"
    yield Figure(best, min(told["took"]), "s", 0.5, busy)
    yield Figure("report: PDF warm, median", statistics.median(told["took"]), "s")
    yield Figure("report: size", told["size"] / 1000, "kB", 100)
    tenth, last = told["memory"]
    yield Figure("report: memory of the worker", last, "MiB", 200)
    yield Figure(f"report: growth, 10th to {MANY}th", last - tenth, "MiB", 10)


def _report() -> str:
    from stocksite.reports import plain
    from stocksite.reports.building import portfolio
    from tests.reports.generated import inputs

    return plain.canonical(portfolio.build(inputs(trades=12, fans=0)))


def main(path: str) -> None:
    """Print the report of a file a hundred times, in this process; what it took, as JSON."""
    import wsgi  # noqa: F401 - the memory of a worker is that of the application, too
    from stocksite.reports import plain, printing

    text = Path(path).read_text()
    report, digest = plain.read(text), plain.digest(text)
    told: dict[str, Any] = {"took": [], "busy": [], "memory": []}
    for n in range(1, MANY + 1):
        began, spent = time.perf_counter(), time.process_time()
        made = printing.print_pdf(report, text, digest, plain.short_id(digest))
        told["took"].append(time.perf_counter() - began)
        told["busy"].append(time.process_time() - spent)
        if n in (10, MANY):
            gc.collect()
            told["memory"].append(peak_mib())
        told |= {"pages": made.pages, "size": len(made.pdf)}
    print(json.dumps(told))


if __name__ == "__main__":
    main(sys.argv[1])
