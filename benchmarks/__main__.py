"""`python -m benchmarks [group …]`: run the groups and print one table.

Needs DATABASE_URL and REDIS_URL of empty servers, which `python -m tests.servers --durable` gives.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from importlib import import_module
from importlib.util import find_spec

from benchmarks.figures import Figure, table
from benchmarks.place import Place

GROUPS = {
    "web": "benchmarks.web",
    "orders": "benchmarks.orders",
    "snapshots": "benchmarks.snapshots",
    "performance": "benchmarks.performance",
    "alerts": "benchmarks.alerts",
    "backtest": "benchmarks.backtest_rules",
    "backtest-click": "benchmarks.backtest_click",
    "ingest": "benchmarks.ingest",
    "reports": "benchmarks.reports",
}
NEED_A_SITE = ("web", "orders", "snapshots", "performance", "alerts", "backtest-click", "ingest")


def main(wanted: list[str]) -> int:
    """Run the wanted groups, all without a name; returns the exit code."""
    there = {name: module for name, module in GROUPS.items() if find_spec(module)}
    unknown = sorted(set(wanted) - set(there))
    if unknown:
        print(f"There is no group {unknown[0]}; the groups are {', '.join(there)}.")
        return 2
    figures: list[Figure] = []
    chosen = [name for name in there if not wanted or name in wanted]
    with Place.open(any(name in NEED_A_SITE for name in chosen)) as place:
        for name in chosen:
            print(f"-- {name}", flush=True)
            module = import_module(there[name])
            run: Callable[..., Iterable[Figure]] = module.figures
            for figure in run(place) if name in NEED_A_SITE else run():
                figures.append(figure)
                print(f"   {figure.name}: {figure.measured:,.2f} {figure.unit}", flush=True)
    print(f"\n{table(figures)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
