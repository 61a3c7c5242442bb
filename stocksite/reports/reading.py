"""What the room answers with: frozen read models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

from stocksite.core.errors import InvalidInput
from stocksite.core.jobs import JobView
from stocksite.market.symbols import normalize
from stocksite.portfolios.periods import PERIODS, Span
from stocksite.reports.plain import short_id

KINDS: Final = ("portfolio", "stock", "backtest", "forecast")
EVERY: Final = ("weekly", "monthly")


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants a report on. `number` is the id of what is not a stock."""

    kind: str
    number: int | None = None
    symbol: str | None = None
    span: Span = field(default_factory=Span)
    through: date | None = None
    """The last session it may know; None for the last that has closed."""

    @classmethod
    def of(cls, kind: str, number: int | None, symbol: str | None, span: Span) -> Wish:
        """Read a wish. Raises InvalidInput for one that names nothing, or too much."""
        if kind not in KINDS:
            raise InvalidInput.of_field("kind", f"Choose one of {', '.join(KINDS)}.")
        if kind == "stock":
            if not (symbol or "").strip():
                raise InvalidInput.of_field("symbol", "Say which stock: a symbol like AAPL.")
            if number is not None:
                raise InvalidInput.of_field("id", "A report on a stock has a symbol, not an id.")
            return cls(kind, symbol=normalize(symbol or ""))
        if symbol is not None:
            raise InvalidInput.of_field("symbol", f"A report on a {kind} has an id, not a symbol.")
        if number is None:
            raise InvalidInput.of_field("id", f"Say which {kind}: its id.")
        return cls(kind, number, span=span)

    @property
    def subject(self) -> str:
        """`portfolio:3`, `stock:AAPL`."""
        return f"{self.kind}:{self.symbol or self.number}"

    def plain(self) -> dict[str, Any]:
        """As JSON values, for a schedule."""
        return {
            "kind": self.kind,
            "id": self.number,
            "symbol": self.symbol,
            "period": self.span.period if self.span.period in PERIODS else "all",
        }

    @classmethod
    def read(cls, told: Mapping[str, Any]) -> Wish:
        """What `plain` wrote."""
        return cls(told["kind"], told["id"], told["symbol"], Span(told["period"]))


@dataclass(frozen=True, slots=True)
class ReportLine:
    """A report in a list. `as_of` is market time, `created_at` wall time."""

    id: int
    report_id: str
    """What is printed on it: the beginning of its digest."""
    kind: str
    subject: str
    title: str
    period: str
    digest: str
    as_of: datetime
    pdf_status: str
    """`none`, `queued`, `running`, `done`, `failed`, `missing`."""
    pdf_error: str
    pdf_bytes: int | None
    pages: int | None
    shared: bool
    schedule: int | None
    job: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class ReportView:
    """A stored report with what stands around it."""

    line: ReportLine
    content: str
    """Canonical JSON."""
    share_token: str | None
    job: JobView | None = None
    """The job that writes its PDF, while it does."""


@dataclass(frozen=True, slots=True)
class ScheduleView:
    """A report that is made by itself."""

    id: int
    kind: str
    subject: str
    title: str
    every: str
    period: str
    last_end: date | None
    error: str
    reports: int
    """How many of it are kept."""


def line_id(digest: str) -> str:
    """The printed id of a stored report."""
    return short_id(digest)
