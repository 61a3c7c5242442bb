"""Portfolios out of a seed: years of days, flows, holdings, trades, and names of one's choice."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from statistics import NormalDist

import numpy as np

from stocksite.core.calendar import TradingSession, xnys
from stocksite.forecast.reading import ForecastView, PointView, ScoreView
from stocksite.forecast.terms import LEVELS
from stocksite.portfolios import explaining, figures, measuring
from stocksite.portfolios.measuring import Day, Stretch
from stocksite.portfolios.parts import Holding
from stocksite.portfolios.periods import Span
from stocksite.reports.building.common import Source
from stocksite.reports.building.portfolio_inputs import PortfolioInputs, Trade

CENT = Decimal("0.01")
STOCKS = (
    ("AAPL", "Apple Inc.", "Technology", "0.4"),
    ("GOOG", "Google Inc. (now Alphabet)", "Communication services", "0.25"),
    ("IBM", "International Business Machines Corporation", "Technology", "0.2"),
    ("MSFT", "Microsoft Corporation", "Technology", "0.1"),
)


def inputs(
    seed: int = 1,
    *,
    sessions: int = 2_520,
    trades: int = 40,
    fans: int = 1,
    name: str = "Retirement",
    description: str = "Long-term savings, rebalanced by hand.",
    note: str = "",
) -> PortfolioInputs:
    """What a portfolio's report is built from; the same seed gives the same."""
    random = np.random.default_rng(seed)
    days = xnys().between(date(2003, 1, 2), date(2020, 1, 1))[:sessions]
    stretch = Stretch(None, _days(random, days), 0.0003 + 0.01 * random.standard_normal(sessions))
    measured = measuring.measure(stretch)
    last = stretch.days[-1].value
    held = tuple(_holding(last, *stock) for stock in STOCKS)
    cash = last - sum((each.closing_value for each in held), Decimal(0))
    view = figures.view_of(
        7, name, "MSFT", Span(), stretch, measured, held, (cash, Decimal("0.00")), {}
    )
    return PortfolioInputs(
        view=replace(view, explain=explaining.explain(view, stretch, measured)),
        curves=measuring.curves(stretch, measured),
        description=description,
        settings=(("Cost method", "average"), ("Execution", "next quote")),
        holdings=held,
        trades=tuple(_trade(random, days, n, note) for n in range(trades)),
        trades_total=trades,
        forecasts=tuple(_fan(random, days, STOCKS[n][0]) for n in range(fans)),
        sources=tuple(
            Source(symbol, name_, "sample", days[0].date, days[-1].date, sessions, 0, 0)
            for symbol, name_, _, _ in STOCKS
        ),
        as_of=days[-1].close,
        sample=True,
    )


def _cents(value: float) -> Decimal:
    return Decimal(repr(float(value))).quantize(CENT)


def _days(random: np.random.Generator, days: tuple[TradingSession, ...]) -> tuple[Day, ...]:
    made, value = [], 0.0
    paid = realized = income = Decimal("0.00")
    moves = 0.0004 + 0.011 * random.standard_normal(len(days))
    for n, (on, move) in enumerate(zip(days, moves.tolist(), strict=True)):
        inflow = Decimal("100000.00") if n == 0 else Decimal("1000.00" if n % 21 == 0 else "0.00")
        value = (value + float(inflow)) * (1 + move)
        paid += inflow
        realized += _cents(random.normal(5, 40))
        income += Decimal("3.25") if n % 63 == 0 else Decimal("0.00")
        made.append(Day(on.date, _cents(value), inflow, CENT * 0, paid, realized, income, CENT * 0))
    return tuple(made)


def _holding(total: Decimal, symbol: str, name: str, sector: str, share: str) -> Holding:
    value = (total * Decimal(share)).quantize(CENT)
    shares = (value / Decimal("104.85")).quantize(Decimal("0.000000001"))
    bought = -(value * Decimal("0.6")).quantize(CENT)
    return Holding(
        symbol,
        name,
        sector,
        Decimal("0.00"),
        value,
        bought,
        Decimal("123.45"),
        shares,
        Decimal("104.850000"),
    )


def _trade(
    random: np.random.Generator, days: tuple[TradingSession, ...], n: int, note: str
) -> Trade:
    kind = ("buy", "sell", "dividend")[n % 3]
    on = days[max(len(days) - 1 - 3 * n, 0)]
    cash = _cents(random.uniform(100, 5_000)) * (-1 if kind == "buy" else 1)
    return Trade(
        on.open + timedelta(minutes=7),
        kind,
        STOCKS[n % 4][0],
        Decimal(10 + n),
        Decimal("101.234500"),
        Decimal("1.00"),
        cash,
        _cents(random.normal(0, 50)) if kind == "sell" else Decimal("0.00"),
        note,
    )


def _fan(
    random: np.random.Generator, days: tuple[TradingSession, ...], symbol: str
) -> ForecastView:
    start, price = len(days) - 31, 100.0
    lead = [(on.date, float(100 + random.normal())) for on in days[max(start - 40, 0) : start]]
    points, spot = [], price
    for horizon in range(1, 31):
        wide = 0.02 * horizon**0.5
        spot *= 1 + 0.018 * float(random.standard_normal())
        fan = tuple(price * float(np.exp(wide * NormalDist().inv_cdf(level))) for level in LEVELS)
        points.append(PointView(days[start + horizon].date, horizon, price, fan, spot))
    score = ScoreView(30, 83.33, 96.67, 120.1, 99.2, {"last_price": 101.0}, 0.98, 1.01)
    return ForecastView(
        id=1,
        symbol=symbol,
        name=symbol,
        origin=days[start].date,
        made_at=datetime(2009, 1, 2, tzinfo=UTC),
        model="boosted 1.0.0",
        model_version_id=1,
        status="done",
        reason_code=None,
        reason="",
        state="calm",
        short_history=False,
        fallback=False,
        backfilled=False,
        data_hash="ab" * 32,
        last_close=price,
        up_share_pct=55.0,
        up_windows=1_200,
        recent=(*lead, (days[start].date, price)),
        points=tuple(points),
        score=score,
    )
