"""Figures of portfolios over spans of time, from snapshots; four statements, one more per owner.

    head (owner, last close, revision) ─> stretch of snapshots ─> benchmark ─> sums per stock
                                                 └──── measuring, figures, explaining: pure ────┘

Nothing here replays a ledger: what stocks contributed comes from sums the database adds up.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from stocksite.core.actor import Actor
from stocksite.core.calendar import xnys
from stocksite.core.errors import InvalidInput, NotFound
from stocksite.market.service import benchmarks
from stocksite.portfolios import explaining, figures, measuring
from stocksite.portfolios.measuring import Day, Stretch
from stocksite.portfolios.models import Portfolio, PortfolioSnapshot
from stocksite.portfolios.parts import Holding
from stocksite.portfolios.periods import Span
from stocksite.portfolios.reading_performance import Curves, PerformanceView
from stocksite.portfolios.service import holdings_between

MOST_COMPARED = 6


@dataclass(frozen=True, slots=True)
class Head:
    """A portfolio as far as figures need it; `stamp` changes whenever one of them may."""

    id: int
    name: str
    benchmark: str | None
    last_close: datetime | None
    revision: int

    @property
    def stamp(self) -> str:
        """What a cached page of this portfolio must have been made from."""
        close = self.last_close.isoformat() if self.last_close else "none"
        return f"{self.id}.{self.revision}.{close}.{self.benchmark}.{self.name}"


@dataclass(frozen=True, slots=True)
class Report:
    """The figures of a span, and the lines of its charts (None before the first close)."""

    view: PerformanceView
    curves: Curves | None
    holdings: tuple[Holding, ...] = ()
    """Every stock that was held or traded; none in a comparison."""


def head(session: Session, actor: Actor, portfolio_id: int) -> Head:
    """The head of one of the actor's portfolios; one statement. Raises NotFound."""
    return heads(session, actor, [portfolio_id])[0]


def heads(session: Session, actor: Actor, ids: Sequence[int]) -> list[Head]:
    """The heads of the actor's portfolios in the order asked for; one statement.

    Raises NotFound when one of them is not theirs, InvalidInput for none or more than six.
    """
    if not 1 <= len(ids) <= MOST_COMPARED:
        raise InvalidInput.of_field(
            "ids", f"Choose 1 to {MOST_COMPARED} portfolios; you chose {len(ids)}."
        )
    rows = session.execute(
        select(
            Portfolio.id,
            Portfolio.name,
            Portfolio.benchmark,
            Portfolio.snapshot_at,
            Portfolio.snapshot_revision,
        ).where(
            Portfolio.id.in_(ids),
            Portfolio.user_id == actor.user_id,
            Portfolio.archived_at.is_(None),
        )
    )
    found = {row.id: Head(*row) for row in rows}
    for wanted in ids:
        if wanted not in found:
            raise NotFound(f"You have no portfolio {wanted}.")
    return [found[wanted] for wanted in ids]


def report(session: Session, of: Head, span: Span, *, explain: bool = False) -> Report:
    """The figures of a span; `of` comes from `head`: it is the actor's. Three statements."""
    stretch, rows = _stretch(session, of, span)
    if stretch is None:
        return Report(figures.empty_view(of.id, of.name, of.benchmark, span), None)
    stretch, notes = _measured_against(session, of, stretch)
    held = holdings_between.read(session, of.id, stretch)
    last = rows[-1]
    return _report(of, span, stretch, held, (last.cash, last.receivable), notes, explain)


def compare(session: Session, of: Sequence[Head], span: Span) -> list[Report]:
    """The figures of several portfolios over the same span, without benchmark and without what
    their stocks contributed; one statement.
    """
    rows = _rows(session, [each.id for each in of], span, max(_last_days(of), default=None))
    reports = []
    for each in of:
        stretch = _cut(rows.get(each.id, []), span)
        if stretch is None:
            reports.append(Report(figures.empty_view(each.id, each.name, None, span), None))
        else:
            reports.append(_report(replace(each, benchmark=None), span, stretch))
    return reports


def _report(
    of: Head,
    span: Span,
    stretch: Stretch,
    held: Sequence[Holding] = (),
    cash: tuple[Decimal, Decimal] = (Decimal(0), Decimal(0)),
    notes: dict[str, str] | None = None,
    explain: bool = False,
) -> Report:
    measured = measuring.measure(stretch)
    view = figures.view_of(
        of.id, of.name, of.benchmark, span, stretch, measured, held, cash, notes or {}
    )
    if explain:
        view = replace(view, explain=explaining.explain(view, stretch, measured))
    return Report(view, measuring.curves(stretch, measured), tuple(held))


def _last_days(of: Iterable[Head]) -> list[date]:
    found = (xnys().last_closed(each.last_close) for each in of if each.last_close)
    return [session.date for session in found if session is not None]


def _stretch(session: Session, of: Head, span: Span) -> tuple[Stretch | None, list[Any]]:
    rows = _rows(session, [of.id], span, max(_last_days([of]), default=None)).get(of.id, [])
    return _cut(rows, span), rows


def _rows(
    session: Session, ids: Sequence[int], span: Span, last: date | None
) -> dict[int, list[Any]]:
    """Snapshots from the close a span starts with to its last, by portfolio; one statement."""
    if last is None:
        return {}
    end = min(span.end, last) if span.end else last
    base = span.base(end)
    table = PortfolioSnapshot.__table__  # rows, not objects: there may be thousands
    wanted = select(
        table.c.portfolio_id,
        table.c.date,
        table.c.total_value,
        table.c.inflow,
        table.c.outflow,
        table.c.net_deposits,
        table.c.realized_pnl,
        table.c.income,
        table.c.fees,
        table.c.cash,
        table.c.receivable,
    ).where(table.c.portfolio_id.in_(ids), table.c.date <= end)
    if base is not None:
        older = PortfolioSnapshot.__table__.alias("older")
        first = select(func.max(older.c.date)).where(
            older.c.portfolio_id == table.c.portfolio_id, older.c.date <= base
        )
        beginning = func.coalesce(first.scalar_subquery(), date.min)
        wanted = wanted.where(table.c.date >= beginning)
    found: dict[int, list[Any]] = {}
    for row in session.execute(wanted.order_by(table.c.portfolio_id, table.c.date)):
        found.setdefault(row.portfolio_id, []).append(row)
    return found


def _cut(rows: Sequence[Any], span: Span) -> Stretch | None:
    """Rows as a stretch: the first is its opening when it lies at or before the span's base."""
    if not rows:
        return None
    days = [Day(*row[1:9]) for row in rows]
    base = span.base(min(span.end, days[-1].date) if span.end else days[-1].date)
    if base is not None and days[0].date <= base:
        return Stretch(days[0], tuple(days[1:])) if len(days) > 1 else None
    return Stretch(None, tuple(days))


def _measured_against(
    session: Session, of: Head, stretch: Stretch
) -> tuple[Stretch, dict[str, str]]:
    if of.benchmark is None:
        return stretch, {}
    before = stretch.opening.date if stretch.opening else None
    if before is None:
        previous = xnys().previous(stretch.days[0].date)
        before = previous.date if previous else stretch.days[0].date
    days = [before, *(day.date for day in stretch.days)]
    returns, first = benchmarks.total_returns(session, of.benchmark, days)
    if returns is not None:
        return replace(stretch, benchmark=returns), {}
    begins = f"has prices from {first} on" if first else "has no prices here"
    why = f"{of.benchmark} {begins}; this span begins on {stretch.start}."
    keys = ("benchmark_return_pct", "tracking_difference_pct", "alpha_pct", "beta")
    return stretch, dict.fromkeys(keys, why)
