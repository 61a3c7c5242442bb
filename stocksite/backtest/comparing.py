"""Expected against actual: the backtest of an attached strategy beside what its portfolio did.

Pure: fills and diary in, one row per trade out, every difference named.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from stocksite.backtest.paper import PaperFill
from stocksite.core.money import from_observation, quantity
from stocksite.portfolios.orders import at_price, shares

Key = tuple[date, str, str]


@dataclass(frozen=True, slots=True)
class ActualFill:
    """A fill of the portfolio, with the order behind it and whether the strategy placed that."""

    fill: PaperFill
    order: int | None
    own: bool


@dataclass(frozen=True, slots=True)
class Decision:
    """What the diary says of one close: decided or not, and what became of its orders."""

    day: date
    decided: bool
    paused: bool
    refused: Mapping[tuple[str, str], str]
    """(symbol, side) → the sentence with which an order was refused, rejected or expired."""


@dataclass(frozen=True, slots=True)
class ParityRow:
    """One trade: what was expected, what happened, and the name of the difference (or "")."""

    day: date
    symbol: str
    side: str
    expected_quantity: Decimal | None
    expected_price: Decimal | None
    actual_quantity: Decimal | None
    actual_price: Decimal | None
    order: int | None
    divergence: str


def compare(
    expected: Sequence[PaperFill],
    actual: Sequence[ActualFill],
    decisions: Mapping[date, Decision],
    previous: Mapping[date, date],
) -> list[ParityRow]:
    """Pair the trades by day, symbol and side, oldest first.

    `previous` names the session whose close decided the trades of a day.
    """
    wanted: dict[Key, PaperFill] = {(f.day, f.symbol, f.side): f for f in expected}
    done: dict[Key, ActualFill] = {}
    extra: list[ActualFill] = []
    for each in actual:
        key = (each.fill.day, each.fill.symbol, each.fill.side)
        if key in done or (key not in wanted and not each.own):
            extra.append(each)
        else:
            done[key] = each
    rows = []
    apart = False
    for key in sorted({*wanted, *done}):
        name = _divergence(wanted.get(key), done.get(key), decisions, previous, apart)
        apart = apart or bool(name)
        rows.append(_row(key, wanted.get(key), done.get(key), name))
    for each in extra:
        key = (each.fill.day, each.fill.symbol, each.fill.side)
        rows.append(_row(key, None, each, "Traded by hand, not by the strategy."))
    return sorted(rows, key=lambda row: (row.day, row.symbol, row.side))


def not_compared_yet(fills: Sequence[ActualFill]) -> list[ParityRow]:
    """Fills of a session that has not closed: its backtest does not know the day yet."""
    return [_row((f.fill.day, f.fill.symbol, f.fill.side), None, f, "") for f in fills]


def _row(key: Key, wanted: PaperFill | None, done: ActualFill | None, name: str) -> ParityRow:
    fill = done.fill if done else None
    return ParityRow(
        *key,
        wanted.quantity if wanted else None,
        wanted.price if wanted else None,
        fill.quantity if fill else None,
        fill.price if fill else None,
        done.order if done else None,
        name,
    )


def _divergence(
    wanted: PaperFill | None,
    done: ActualFill | None,
    decisions: Mapping[date, Decision],
    previous: Mapping[date, date],
    apart: bool,
) -> str:
    if wanted is not None and done is None:
        return _missed(wanted, decisions, previous, apart)
    if wanted is None:
        return "Holdings were not the expected ones any more, so it decided something else."
    assert done is not None  # one of the two is there
    if wanted.price != done.fill.price:
        return (
            f"Filled at {at_price(done.fill.price)} instead of {at_price(wanted.price)}: the "
            "order met another price than the official open."
        )
    if wanted.quantity != done.fill.quantity:
        return (
            f"{shares(done.fill.quantity)} instead of {shares(wanted.quantity)} shares: there "
            "was other cash or another holding than expected."
        )
    return ""


def _missed(
    wanted: PaperFill,
    decisions: Mapping[date, Decision],
    previous: Mapping[date, date],
    apart: bool,
) -> str:
    before = previous.get(wanted.day)
    found = decisions.get(before) if before else None
    if found is not None and found.paused and not found.decided:
        return f"The strategy was paused at the close of {before}."
    if found is None or not found.decided:
        return f"Nothing was decided at the close of {before}: the market had moved on."
    refused = found.refused.get((wanted.symbol, wanted.side))
    if refused:
        return f"The order did not fill: {refused}"
    if apart:
        return "Holdings were not the expected ones any more, so it decided something else."
    return "The strategy placed no such order."


def decisions_of(
    steps: Sequence[Any], endings: Mapping[int, str], days: Sequence[date]
) -> dict[date, Decision]:
    """The diary by session. `steps` are StepViews, `endings` orders that ended unfilled with why,
    `days` all sessions.
    """
    by_day: dict[date, list[Any]] = {}
    for step in steps:
        by_day.setdefault(step.day, []).append(step)
    found = {}
    paused = False
    for day in days:
        kinds = {step.kind for step in by_day.get(day, ())}
        if "paused" in kinds:
            paused = True
        quiet = paused
        if "resumed" in kinds:
            paused = quiet = False
        refused: dict[tuple[str, str], str] = {}
        for step in by_day.get(day, ()):
            for order in step.orders:
                why = order.get("refused") or endings.get(order.get("order", 0))
                if why:
                    refused[(order["symbol"], order["side"])] = why
        found[day] = Decision(day, "decided" in kinds, quiet, refused)
    return found


def expected_fills(run: Any, dates: Sequence[date], symbols: Sequence[str]) -> list[PaperFill]:
    """The fills of a Run in cents as PaperFills."""
    return [
        PaperFill(
            dates[fill.bar],
            symbols[fill.symbol],
            fill.side.value,
            quantity(Decimal(repr(float(fill.quantity)))),
            from_observation(fill.price),
        )
        for fill in run.fills
    ]
