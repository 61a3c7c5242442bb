"""Results as CSV files that a spreadsheet may open."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from stocksite.backtest.reading import RunView
from stocksite.backtest.report import points
from stocksite.portfolios.csv import write


def trades(run: RunView) -> str:
    """One line per round trip; empty before there are figures."""
    return write(_columns(_TRADES), run.result["trades"] if run.result else [])


def equity(run: RunView) -> str:
    """One line per close."""
    return write(_columns(_EQUITY), points(dict(run.result)) if run.result else [])


def _columns(names: Sequence[str]) -> list[tuple[str, Callable[[Mapping[str, Any]], Any]]]:
    return [(name, _reader(name)) for name in names]


def _reader(name: str) -> Callable[[Mapping[str, Any]], Any]:
    return lambda row: row[name]


_TRADES: Final = (
    *("symbol", "entry_date", "exit_date", "quantity", "entry_price", "exit_price", "profit"),
    *("return_pct", "fees", "dividends", "days_held", "mae_pct", "mfe_pct", "exit_rule"),
)
_EQUITY: Final = ("date", "value", "benchmark", "drawdown_pct")
