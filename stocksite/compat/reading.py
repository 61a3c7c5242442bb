"""Reading the texts of an address or a query string: one sentence per fault."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from flask import Request

from stocksite.core import money
from stocksite.core.errors import InvalidInput
from stocksite.market.symbols import normalize

MAX_DAYS: Final = 1000
DEFAULT_AMOUNT: Final = Decimal(100_000)
BUY_DAYS, SELL_DAYS = 50, 200
"""The averages of who names none."""
FORMATS: Final = ("json", "pdf")


def is_script(request: Request) -> bool:
    """Whether who asks reads JSON: everybody but a browser that asks for a page."""
    return "text/html" not in request.headers.get("Accept", "")


def dip_ask(args: Mapping[str, str]) -> dict[str, Any]:
    """What `/back_test` asks for, as `backtest.ask.read_ask` takes it.

    Raises InvalidInput about symbol, winbuy, winsell, amt or format.
    """
    chosen_format(args.get("format"))
    return as_asked(
        args.get("symbol", ""),
        days(args, "winbuy", BUY_DAYS),
        days(args, "winsell", SELL_DAYS),
        amount(args.get("amt"), "amt"),
    )


def as_asked(symbol: str, winbuy: int, winsell: int, cash: Decimal) -> dict[str, Any]:
    """A dip backtest as `read_ask` takes it."""
    return {
        "strategy": "dip",
        "symbols": [normalize(symbol)],
        "parameters": {"winbuy": winbuy, "winsell": winsell},
        "initial_investment": float(cash),
    }


def rule_of(winbuy: int, winsell: int) -> str:
    """The rule behind a dip backtest, in words."""
    return (
        f"Buy when flat and the close is below its average of {winbuy} days; sell when holding "
        f"and the close is above its average of {winsell} days. Orders fill at the next open."
    )


def chosen_format(text: str | None) -> str:
    """`json` or `pdf`. Raises InvalidInput for another."""
    name = (text or "json").strip().lower()
    if name not in FORMATS:
        raise InvalidInput.of_field("format", "Use pdf or json as format.")
    return name


def days(args: Mapping[str, str], name: str, default: int) -> int:
    """A window in whole days; the default where it is left out."""
    text = args.get(name, "").strip()
    if not text:
        return default
    if re.fullmatch(r"\d{1,6}", text, re.ASCII) and 1 <= int(text) <= MAX_DAYS:
        return int(text)
    raise InvalidInput.of_field(
        name,
        f"{name} is the length of an average in whole days, from 1 to {MAX_DAYS:,}; "
        f"{text[:20]} is not. For thresholds in percent run the strategy percent_move.",
    )


def amount(text: str | None, name: str) -> Decimal:
    """An initial investment."""
    if text is None or not text.strip():
        return DEFAULT_AMOUNT
    return money.parse(text, field=name, places=2, minimum=Decimal("0.01"))
