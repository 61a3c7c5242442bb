"""What a portfolio's report needs beside its figures: its settings and the span's postings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from stocksite.core.actor import Actor
from stocksite.core.calendar import xnys
from stocksite.market.models import Stock
from stocksite.portfolios.models import Portfolio, Transaction
from stocksite.portfolios.parts import Holding
from stocksite.portfolios.periods import Span
from stocksite.portfolios.reading_performance import Curves, PerformanceView
from stocksite.portfolios.service import figures
from stocksite.reports.building.portfolio_inputs import Trade

MAX_TRADES: Final = 5_000
"""Postings one report keeps, the latest; the ledger's own file has more."""


@dataclass(frozen=True, slots=True)
class Told:
    """Everything of the portfolios room that a report shows."""

    view: PerformanceView
    curves: Curves | None
    holdings: tuple[Holding, ...]
    description: str
    settings: tuple[tuple[str, str], ...]
    trades: tuple[Trade, ...]
    trades_total: int


def read(session: Session, actor: Actor, portfolio_id: int, span: Span) -> Told:
    """A portfolio over a span: figures with their reasons, and what was posted in it.

    Raises NotFound for what is not the actor's.
    """
    head = figures.head(session, actor, portfolio_id)
    found = figures.report(session, head, span, explain=True)
    row = session.execute(
        select(
            Portfolio.description,
            Portfolio.cost_method,
            Portfolio.execution,
            Portfolio.commission_pct,
            Portfolio.commission_per_trade,
        ).where(Portfolio.id == portfolio_id)
    ).one()
    trades, total = _trades(session, portfolio_id, found.view)
    return Told(
        found.view,
        found.curves,
        found.holdings,
        row.description,
        _settings(row, found.view),
        trades,
        total,
    )


def _settings(row: Any, view: PerformanceView) -> tuple[tuple[str, str], ...]:
    return (
        ("Benchmark", view.benchmark or "none"),
        ("Cost method", row.cost_method),
        ("Execution", row.execution.replace("_", " ")),
        (
            "Commission",
            f"{row.commission_pct.normalize():f}% and ${row.commission_per_trade:,.2f} per trade",
        ),
        ("Sessions", f"{view.sessions:,} in {view.calendar_days:,} days"),
    )


def _trades(
    session: Session, portfolio_id: int, view: PerformanceView
) -> tuple[tuple[Trade, ...], int]:
    """Postings after the starting close, up to the last; the newest first."""
    if view.end is None or view.start is None:
        return (), 0
    last = xnys().on(view.end)
    first = None if view.since_start else xnys().on(view.start)
    within = [Transaction.portfolio_id == portfolio_id]
    if last is not None:
        within.append(Transaction.executed_at <= last.close)
    if first is not None:
        within.append(Transaction.executed_at > first.close)
    total = session.scalar(select(func.count()).select_from(Transaction).where(*within)) or 0
    rows = session.execute(
        select(
            Transaction.executed_at,
            Transaction.type,
            Stock.symbol,
            Transaction.quantity,
            Transaction.price,
            Transaction.fees,
            Transaction.cash_amount,
            Transaction.realized_pnl,
            Transaction.note,
        )
        .outerjoin(Stock, Stock.id == Transaction.stock_id)
        .where(*within)
        .order_by(Transaction.executed_at.desc(), Transaction.id.desc())
        .limit(MAX_TRADES)
    )
    return tuple(Trade(*row) for row in rows), total
