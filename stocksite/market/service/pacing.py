"""How often prices are asked for: as fresh as the session needs, as seldom as the budget allows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from stocksite.core.calendar import xnys
from stocksite.market import freshness
from stocksite.market.providers.base import SPARK_SYMBOLS, Capability
from stocksite.market.providers.errors import ControlUnavailable
from stocksite.market.service.storing import Tracked

if TYPE_CHECKING:
    from stocksite.market.providers.setup import Desk


def due(desk: Desk, stocks: Sequence[Tracked]) -> list[Tracked]:
    """The stocks whose stored price has outlived what the best source for them can give."""
    life = _life(desk, len(stocks))
    return [stock for stock in stocks if _is_due(desk, stock, life)]


def _is_due(desk: Desk, stock: Tracked, life: timedelta) -> bool:
    live = any(desk.chain.candidates(Capability.BULK_QUOTES, stock.inst))
    if stock.quoted_at is None or stock.quote_delay is None:
        return live  # an end-of-day price comes with the history
    delay = "delayed" if live else stock.quote_delay
    until = freshness.quote_lives_until(stock.quoted_at, delay, xnys())
    if not live and any(desk.chain.candidates(Capability.BULK_EOD)):
        until += freshness.GROUPED_FIRST
    if live and stock.quote_delay != "eod" and until == stock.quoted_at + freshness.QUOTE_LIFE:
        until = stock.quoted_at + life
    return until <= desk.now()


def _life(desk: Desk, count: int) -> timedelta:
    """How long a price has to do within the session, for the budget to last until its close."""
    session = xnys().at(desk.now())
    source = next(desk.chain.candidates(Capability.BULK_QUOTES), None)
    if session is None or source is None or not count:
        return freshness.QUOTE_LIFE
    account = next(one for one in desk.accounts if one.provider == source.name)
    try:
        budgets, _ = desk.governor.budget(account)
    except ControlUnavailable:
        return freshness.QUOTE_LIFE
    left = [b.left - b.window.reserve for b in budgets if b.window.seconds >= 3600]
    return freshness.spread(math.ceil(count / SPARK_SYMBOLS), left, session.close - desk.now())
