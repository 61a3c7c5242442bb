"""From a wish to a report: read the rooms below, hand it to `building`, which is pure.

Ownership is checked by the services that are asked: what is not the actor's is not found.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

from sqlalchemy import Integer, cast, func, select
from sqlalchemy.orm import Session

from stocksite.backtest.service import runs
from stocksite.backtest.strategies import STRATEGIES
from stocksite.backtest.views.figures import settings_of
from stocksite.core.actor import Actor
from stocksite.core.calendar import xnys
from stocksite.core.errors import Conflict
from stocksite.forecast import wording
from stocksite.forecast.models import Forecast, ForecastScore
from stocksite.forecast.reading import ForecastView
from stocksite.forecast.service import board
from stocksite.forecast.service import reads as forecasts
from stocksite.forecast.terms import HORIZON
from stocksite.market import performance
from stocksite.market.live_models import BarGap, QuarantinedBar
from stocksite.market.models import Bar, Stock
from stocksite.market.reading import MarketState
from stocksite.market.service import bars, clock, companies, stocks
from stocksite.market.service.companies import CompetitorView
from stocksite.reports.building import backtest, forecast, portfolio, stock
from stocksite.reports.building.common import Source
from stocksite.reports.building.portfolio_inputs import PortfolioInputs
from stocksite.reports.content import Report
from stocksite.reports.reading import Wish
from stocksite.reports.service import ledger

MOST_FANS = 2
"""Holdings whose forecasts a portfolio's report draws."""


def build(session: Session, actor: Actor, wish: Wish) -> Report:
    """The report somebody wishes. Raises NotFound for what is not theirs or not there."""
    state = clock.state(session)
    if wish.kind == "portfolio":
        return _portfolio(session, actor, wish, state)
    if wish.kind == "stock":
        return _stock(session, wish, state)
    if wish.kind == "backtest":
        return _backtest(session, actor, wish, state)
    return _forecast(session, wish, state)


def close_of(day: date | None, otherwise: datetime) -> datetime:
    """The market time of a session's close."""
    on = xnys().on(day) if day else None
    return on.close if on else otherwise


def _portfolio(session: Session, actor: Actor, wish: Wish, state: MarketState) -> Report:
    assert wish.number is not None  # Wish.of has looked
    span = wish.span
    complete = state.last_complete or date.min
    if wish.through is not None:
        span = replace(span, end=min(span.end, wish.through) if span.end else wish.through)
    told = ledger.read(session, actor, wish.number, span)
    view = told.view
    held = sorted(
        (h for h in told.holdings if h.closing_value), key=lambda h: (-h.closing_value, h.symbol)
    )
    symbols = [holding.symbol for holding in held] or [c.symbol for c in view.contributions]
    if view.benchmark:
        symbols.append(view.benchmark)
    fans = [
        found
        for holding in held[:MOST_FANS]
        if view.end is not None and (found := _matured(session, holding.symbol, view.end))
    ]
    return portfolio.build(
        PortfolioInputs(
            view=view,
            curves=told.curves,
            description=told.description,
            settings=told.settings,
            holdings=told.holdings,
            trades=told.trades,
            trades_total=told.trades_total,
            forecasts=tuple(fans),
            sources=tuple(_sources(session, symbols, view.end or complete)),
            as_of=close_of(view.end, state.at),
            sample=state.is_sample,
        )
    )


def _stock(session: Session, wish: Wish, state: MarketState) -> Report:
    info = stocks.get(session, wish.symbol or "")
    complete = state.last_complete or date.min
    through = min(wish.through, complete) if wish.through else complete
    found = bars.arrays(session, info.id, None, through, "split", state)
    last = found.days[-1].astype(object) if len(found.days) else None
    matured = _matured(session, info.symbol, last) if last else None
    current = forecasts.latest(session, info.id, _origin(session, info.id, last)) if last else None
    return stock.build(
        stock.StockInputs(
            symbol=info.symbol,
            name=info.name,
            sector=info.sector,
            exchange=info.exchange,
            currency=info.currency,
            days=found.days,
            open=found.open,
            high=found.high,
            low=found.low,
            close=found.close,
            volume=found.volume,
            figures=performance.key_figures(
                found.days, found.high, found.low, found.close, found.volume, last
            ),
            actions=tuple(a for a in bars.actions(session, info.id, state) if a.ex_date <= through),
            competitors=tuple(_competitors(session, info.id)),
            matured=matured,
            current=current,
            reading=tuple(wording.reading(current)) if current else (),
            source=_sources(session, [info.symbol], through)[0],
            as_of=close_of(last, state.at),
            sample=state.is_sample,
        )
    )


def _backtest(session: Session, actor: Actor, wish: Wish, state: MarketState) -> Report:
    assert wish.number is not None
    run = runs.view(session, actor, wish.number)
    if run.result is None:
        raise Conflict(
            f"Backtest {run.id} has no figures to report on: it is {run.status}.", code="not-done"
        )
    if run.verdict is None:
        run = runs.judge(session, actor, wish.number)
    assert run.result is not None
    end = date.fromisoformat(run.result["curve"]["dates"][-1])
    return backtest.build(
        backtest.BacktestInputs(
            run=run,
            settings=tuple(settings_of(run.ask)),
            meaning=STRATEGIES[run.ask.strategy].meaning,
            sources=tuple(_sources(session, run.ask.symbols, end)),
            as_of=close_of(end, state.at),
            sample=state.is_sample,
        )
    )


def _forecast(session: Session, wish: Wish, state: MarketState) -> Report:
    assert wish.number is not None
    view = forecasts.view(session, wish.number)
    known = [point.date for point in view.points if point.actual is not None]
    last = known[-1] if known else view.origin
    table = board.read(session)
    return forecast.build(
        forecast.ForecastInputs(
            view=view,
            reading=tuple(wording.reading(view)),
            skill=wording.skill_line(table),
            board=table,
            model=forecasts.card(session, view.model_version_id),
            source=_sources(session, [view.symbol], last)[0],
            as_of=close_of(last, state.at),
            sample=state.is_sample,
        )
    )


def _competitors(session: Session, stock_id: int) -> list[CompetitorView]:
    """The stock's competitors in their source's order."""
    found = session.scalar(
        select(companies.of_row()).select_from(Stock).where(Stock.id == stock_id)
    )
    return companies.from_row(found)


def _matured(session: Session, symbol: str, end: date) -> ForecastView | None:
    """The stock's latest forecast whose thirty days had all come by a day."""
    scored = select(func.count()).where(ForecastScore.forecast_id == Forecast.id).scalar_subquery()
    days = xnys().between(end - timedelta(days=60), end)
    if len(days) <= HORIZON:
        return None
    found = session.scalar(
        select(Forecast.id)
        .join(Stock, Stock.id == Forecast.stock_id)
        .where(
            Stock.symbol == symbol,
            Forecast.status == "done",
            Forecast.origin <= days[-1 - HORIZON].date,
            scored == HORIZON,
        )
        .order_by(Forecast.origin.desc(), Forecast.backfilled, Forecast.id)
        .limit(1)
    )
    return None if found is None else forecasts.view(session, found)


def _origin(session: Session, stock_id: int, last: date) -> date | None:
    """The latest origin a stock has a forecast from, up to a day; the day itself without one."""
    found = session.scalar(
        select(func.max(Forecast.origin)).where(
            Forecast.stock_id == stock_id, Forecast.origin <= last
        )
    )
    return found or last


def _sources(session: Session, symbols: Sequence[str], upto: date) -> list[Source]:
    """Where prices come from, up to a day: nothing later is told; one statement."""
    wanted = list(dict.fromkeys(symbols))

    def count(model: type[BarGap] | type[QuarantinedBar], *where: object) -> object:
        made = select(cast(func.count(), Integer)).where(
            model.stock_id == Stock.id,
            model.date <= upto,
            *where,  # type: ignore[arg-type]
        )
        return made.correlate(Stock).scalar_subquery()

    known = (Bar.stock_id == Stock.id) & (Bar.date <= upto)
    rows = session.execute(
        select(
            Stock.symbol,
            Stock.name,
            func.string_agg(Bar.source.distinct(), ", "),
            func.min(Bar.date),
            func.max(Bar.date),
            func.count(Bar.date),
            count(BarGap),  # type: ignore[call-overload]
            count(QuarantinedBar, QuarantinedBar.status == "pending"),
        )
        .outerjoin(Bar, known)
        .where(Stock.symbol.in_(wanted))
        .group_by(Stock.id)
        .order_by(Stock.symbol)
    )
    return [Source(row[0], row[1], row[2] or "none", *row[3:]) for row in rows]
