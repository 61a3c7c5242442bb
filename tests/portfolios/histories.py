"""Portfolios with made-up daily values, written straight into the tables: figures read nothing
else but them, and the ledger's sums per stock.
"""

from __future__ import annotations

import random
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from stocksite.core.calendar import xnys
from stocksite.core.clock import wall_now
from stocksite.core.money import cents
from stocksite.portfolios.models import Portfolio, PortfolioSnapshot

D = Decimal


def make(
    session: Session,
    user_id: int,
    seed: int,
    *,
    sessions: int | None = None,
    until: str = "2008-12-31",
    **settings: Any,
) -> Portfolio:
    """A portfolio whose value wanders, with deposits and withdrawals; not committed."""
    chance = random.Random(seed)
    last = xnys().between(date(2000, 3, 1), date.fromisoformat(until))
    days = last[-(sessions or chance.choice((1, 2, 3, 22, 70, 260, 400))) :]
    portfolio = Portfolio(
        user_id=user_id,
        name=f"History {seed}",
        starting_cash=D(0),
        cash=D(0),
        created_at=days[0].open,
        snapshot_at=days[-1].close,
        **({"benchmark": chance.choice(("IBM", "MSFT", "FB", None))} | settings),
    )
    session.add(portfolio)
    session.flush()
    session.execute(insert(PortfolioSnapshot), _rows(portfolio, days, chance))
    return portfolio


def _rows(portfolio: Portfolio, days: Any, chance: random.Random) -> list[dict[str, Any]]:
    rows = []
    value, net, index, peak = D(0), D(0), 1.0, 1.0
    realized = income = fees = D(0)
    for number, day in enumerate(days):
        moved = chance.random() < 0.08 or number == 0
        inflow = cents(D(chance.randint(1, 2_000_000)) / 100) if moved else D("0.00")
        start = value + inflow
        after = cents(start * D(repr(1 + chance.gauss(0.0004, 0.02))))
        outflow = cents(after / 3) if chance.random() < 0.03 and number else D("0.00")
        value = after - outflow
        index *= float(value + outflow) / float(start) if start > 0 else 1.0
        peak = max(peak, index)
        net += inflow - outflow
        realized += cents(D(chance.randint(-900, 1000)) / 100)
        income += cents(D(chance.randint(0, 90)) / 100)
        fees += D("0.01")
        rows.append(
            {
                "portfolio_id": portfolio.id,
                "date": day.date,
                "closes_at": day.close,
                "cash": value,
                "positions_value": D(0),
                "receivable": D(0),
                "total_value": value,
                "inflow": inflow,
                "outflow": outflow,
                "net_deposits": net,
                "realized_pnl": realized,
                "income": income,
                "fees": fees,
                "twr_index": index,
                "peak_index": peak,
                "recorded_at": wall_now(),
            }
        )
    return rows
