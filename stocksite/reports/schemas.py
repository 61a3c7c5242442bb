"""What scripts send to and get from the reports room."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, Literal

from flask import url_for
from pydantic import Field

from stocksite.portfolios.periods import Span
from stocksite.reports.reading import ReportLine, ReportView, ScheduleView, Wish
from stocksite.web.api import (
    Body,
    DayIn,
    PageQuery,
    Query,
    SymbolIn,
)

Kind = Literal["portfolio", "stock", "backtest", "forecast"]
Period = Literal["1w", "1m", "3m", "ytd", "1y", "all"]


@dataclass(frozen=True, slots=True)
class ReportLineOut:
    """A report in a list. `as_of` is market time; `status` is that of its PDF's making."""

    id: int
    report_id: str
    """What is printed on it."""
    kind: str
    subject: str
    """`portfolio:3`, `stock:AAPL`."""
    title: str
    period: str
    as_of: datetime
    status: str
    """`done` when all there is to make is made; else `queued, running, failed`."""
    pdf: str
    """`none` (not ordered), `queued, running, done, failed`, `missing` (no Pango here)."""
    pdf_error: str
    pdf_bytes: int | None
    pages: int | None
    sha256: str
    """Of the content: the same inputs give the same report."""
    job: str | None
    schedule: int | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class ReportOut:
    """A report with its content: every figure with the digits that page and PDF print."""

    id: int
    report_id: str
    kind: str
    subject: str
    title: str
    period: str
    as_of: datetime
    status: str
    pdf: str
    pdf_error: str
    pdf_bytes: int | None
    pages: int | None
    sha256: str
    job: str | None
    schedule: int | None
    created_at: datetime
    shared: str | None
    """The address for whoever has it; null unless shared."""
    content: dict[str, Any]
    """`sections` of `blocks`: figures (`value`, and `text` as printed), tables, charts, words."""


class ReportIn(Body):
    """What to report on: an `id` (portfolio, backtest, forecast) or a `symbol` (stock)."""

    kind: Kind
    id: Annotated[int, Field(ge=1, le=2**63 - 1)] | None = None
    symbol: SymbolIn | None = None
    format: Literal["pdf", "json"] = "pdf"
    period: Period | None = None
    from_: DayIn | None = Field(None, alias="from")
    to: DayIn | None = None

    def wish(self) -> Wish:
        """The wish. Raises InvalidInput for what does not go together."""
        return Wish.of(self.kind, self.id, self.symbol, Span.of(self.period, self.from_, self.to))


class ReportQuery(PageQuery):
    """Which reports."""

    kind: Kind | None = None


class DownloadQuery(Query):
    """Which file."""

    format: Literal["pdf", "json", "csv"] = "pdf"
    table: Annotated[str, Field(max_length=40)] = Field("", description="Of a CSV: its key.")


class ScheduleIn(Body):
    """What is made after each week or month of the market."""

    kind: Literal["portfolio", "stock"]
    id: Annotated[int, Field(ge=1, le=2**63 - 1)] | None = None
    symbol: SymbolIn | None = None
    period: Period | None = None
    every: Literal["weekly", "monthly"]


@dataclass(frozen=True, slots=True)
class ScheduleOut:
    """A schedule."""

    id: int
    kind: str
    subject: str
    title: str
    every: str
    period: str
    last_end: date | None
    """The last session it has reported on."""
    error: str
    reports: int


def _common(line: ReportLine) -> dict[str, Any]:
    status = "done" if line.pdf_status in ("none", "done") else line.pdf_status
    return {
        "id": line.id,
        "report_id": line.report_id,
        "kind": line.kind,
        "subject": line.subject,
        "title": line.title,
        "period": line.period,
        "as_of": line.as_of,
        "status": "failed" if status == "missing" else status,
        "pdf": line.pdf_status,
        "pdf_error": line.pdf_error,
        "pdf_bytes": line.pdf_bytes,
        "pages": line.pages,
        "sha256": line.digest,
        "job": line.job if line.pdf_status in ("queued", "running") else None,
        "schedule": line.schedule,
        "created_at": line.created_at,
    }


def line_out(line: ReportLine) -> ReportLineOut:
    """A row of the list."""
    return ReportLineOut(**_common(line))


def full_out(view: ReportView) -> ReportOut:
    """A report with its content, and its share link when it has one."""
    token = view.share_token
    shared = url_for("reports.shared_report", token=token, _external=True) if token else None
    return ReportOut(**_common(view.line), shared=shared, content=json.loads(view.content))


def schedule_out(found: ScheduleView) -> ScheduleOut:
    """A schedule."""
    return ScheduleOut(
        found.id,
        found.kind,
        found.subject,
        found.title,
        found.every,
        found.period,
        found.last_end,
        found.error,
        found.reports,
    )
