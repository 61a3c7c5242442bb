"""The stage of a backtest: stored series turned into the prices that trade and those it sees.

    adjustment   rounding none                 rounding cent
    raw          raw prices                    raw prices
    split        split-adjusted prices         raw prices, splits booked, adjusted signals
    total        prices with splits and        raw prices, splits and dividends booked,
                 dividends adjusted away       split-adjusted signals

In cents it trades like the ledger: at the prices of the day, with corporate actions as postings.
Only actions up to the window's end are known, so that a pinned window never changes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from stocksite.backtest.ask import Ask
from stocksite.backtest.bars import CorporateAction, Dates, Floats, Market, Prices, align
from stocksite.backtest.honesty.assess import Setting
from stocksite.backtest.terms import Rounding
from stocksite.backtest.window import window
from stocksite.market.adjust import Dividend, Split, dividend_factors, split_factors
from stocksite.market.reading import ActionView
from stocksite.market.stored import StoredSeries


@dataclass(frozen=True, slots=True, eq=False)
class Stage:
    """Where an ask plays: its pinned ask, the setting of all rules, the fingerprint of the data.

    `shown` are the prices charts draw, one market of the same calendar as the setting's.
    """

    ask: Ask
    setting: Setting
    shown: Market
    data: dict[str, str]

    @property
    def dates(self) -> Dates:
        """The sessions of the window."""
        return self.setting.market.dates[self.setting.start : self.setting.end]


def stage(ask: Ask, series: Sequence[StoredSeries], seed: int, *, least: int = 2) -> Stage:
    """Set the stage for an ask over at least so many sessions.

    Raises InvalidInput for a window the history does not hold.
    """
    whole = align([_prices(each) for each in series])
    start, stop = window(whole.dates, ask.start, ask.end, ", ".join(whole.symbols), least)
    last: date = whole.dates[stop - 1].astype(object)
    pinned = ask.within(whole.dates[start].astype(object), last)
    raw = Market(tuple(prices.part(0, stop) for prices in whole.prices))
    known = {
        each.symbol: [action for action in each.actions if action.ex_date <= last]
        for each in series
    }
    traded, signals, booked = _adjusted(ask, raw, known, last)
    setting = Setting(
        traded,
        ask.initial_investment,
        ask.terms,
        start,
        stop,
        seed,
        booked,
        None if signals is traded else signals,
    )
    data = {prices.symbol: fingerprint(prices, known[prices.symbol]) for prices in raw.prices}
    return Stage(pinned, setting, signals, data)


def fingerprint(prices: Prices, actions: Sequence[ActionView]) -> str:
    """SHA-256 of one symbol's raw bars and known actions: equal hash, equal data."""
    digest = hashlib.sha256(prices.symbol.encode())
    digest.update(prices.dates.astype("<i8").tobytes())
    for column in (prices.open, prices.high, prices.low, prices.close, prices.volume):
        digest.update(np.ascontiguousarray(column, dtype="<f8").tobytes())
    for action in actions:
        told = (action.ex_date, action.kind, action.ratio_to, action.ratio_from, action.amount)
        digest.update("|".join(map(_text, told)).encode())
    return digest.hexdigest()


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _prices(series: StoredSeries) -> Prices:
    return Prices(
        series.symbol,
        series.days,
        series.open,
        series.high,
        series.low,
        series.close,
        series.volume,
    )


def _adjusted(
    ask: Ask, raw: Market, known: dict[str, list[ActionView]], last: date
) -> tuple[Market, Market, tuple[CorporateAction, ...]]:
    """(prices that trade, prices it sees, actions to book)."""
    if ask.adjustment == "raw":
        return raw, raw, ()
    total = ask.adjustment == "total"
    in_cents = ask.rounding is Rounding.CENT
    seen = Market(
        tuple(
            prices.scaled(_factors(prices, known[prices.symbol], last, total and not in_cents))
            for prices in raw.prices
        )
    )
    if not in_cents:
        return seen, seen, ()
    booked = tuple(
        _booked(symbol, action)
        for symbol, actions in known.items()
        for action in actions
        if total or action.ratio_to is not None
    )
    return raw, seen, booked


def _factors(prices: Prices, actions: Sequence[ActionView], last: date, dividends: bool) -> Floats:
    splits = [
        Split(action.ex_date, action.ratio_to, action.ratio_from)
        for action in actions
        if action.ratio_to is not None and action.ratio_from is not None
    ]
    have = ~np.isnan(prices.close)  # on a shared calendar some sessions have no bar
    days, closes = prices.dates[have], prices.close[have]
    known = split_factors(days, splits, last)
    if dividends:
        paid = [Dividend(a.ex_date, float(a.amount)) for a in actions if a.amount is not None]
        known = known * dividend_factors(days, closes, paid, last)
    factors = np.ones(len(prices))
    factors[have] = known
    return factors


def _booked(symbol: str, action: ActionView) -> CorporateAction:
    day = np.datetime64(action.ex_date, "D")
    if action.ratio_to is not None and action.ratio_from is not None:
        return CorporateAction(symbol, day, split=(action.ratio_to, action.ratio_from))
    return CorporateAction(symbol, day, dividend=float(action.amount or 0))
