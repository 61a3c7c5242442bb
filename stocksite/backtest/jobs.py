"""What the worker runs for the lab."""

from __future__ import annotations

from datetime import date

from stocksite.backtest.service import runs, sweeps, trading
from stocksite.core.database import unit_of_work
from stocksite.core.queue import Progress


def run_backtest(run_id: int, progress: Progress) -> str:
    """Play and judge one backtest that was too big to answer at once."""
    return runs.work(unit_of_work, run_id, progress.report)


def run_sweep(sweep_id: int, progress: Progress) -> str:
    """Play a grid; what is known when somebody cancels is kept."""
    return sweeps.work(unit_of_work, sweep_id, progress.report)


def place_orders(day: str) -> None:
    """Let every attached strategy decide at a session's close."""
    trading.decide_all(unit_of_work, date.fromisoformat(day))


run_backtest.wants_progress = True  # type: ignore[attr-defined]
run_sweep.wants_progress = True  # type: ignore[attr-defined]
