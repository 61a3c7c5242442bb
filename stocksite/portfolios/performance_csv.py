"""A span's figures as a CSV file: printed with the digits of the page, and exact beside them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from stocksite.portfolios import csv
from stocksite.portfolios.figures import FIGURES, Figure, printed
from stocksite.portfolios.reading_performance import PerformanceView

_PERCENT = Figure("", "", "percent", "")
_UNITS = {"percent": "%", "ratio": "", "money": "USD"}


@dataclass(frozen=True, slots=True)
class _Line:
    section: str
    name: str
    label: str
    value: Decimal | None
    unit: str
    exact: Any = None
    note: str = ""


def write(view: PerformanceView) -> str:
    """The whole file: the span, every figure, months, contributions, composition."""
    columns = [
        (name, _reader(name))
        for name in ("section", "name", "label", "value", "unit", "exact", "note")
    ]
    return csv.write(columns, _lines(view))


def _reader(name: str) -> Any:
    return lambda line: getattr(line, name)


def _lines(view: PerformanceView) -> Iterator[_Line]:
    span = f"{view.start or ''} to {view.end or ''}".strip()
    yield _Line("span", view.period, span, None, "", note=view.portfolio_name)
    for figure in FIGURES:
        value = getattr(view, figure.key)
        note = view.notes.get(figure.key, "")
        unit = _UNITS[figure.kind]
        shown = printed(figure, value)
        yield _Line("figure", figure.key, figure.label, shown, unit, value, note)
    for year in view.monthly:
        for number, value in enumerate(year.months_pct, start=1):
            if value is not None:
                yield _pct("month", f"{year.year}-{number:02}", value)
        yield _pct("year", str(year.year), year.total_pct)
    for each in view.contributions:
        yield _Line("profit", each.symbol, each.name, each.profit, "USD", each.profit)
        if each.contribution_pct is not None:
            yield _pct("contribution", each.symbol, each.contribution_pct)
    for share in view.composition.stocks:
        yield _Line("composition", share.label, share.label, share.value, "USD", share.value)


def _pct(section: str, name: str, value: float) -> _Line:
    return _Line(section, name, name, printed(_PERCENT, value), "%", value)
