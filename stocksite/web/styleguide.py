"""Sample data for `styleguide.html`, which shows every component in its states."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from wtforms import (
    BooleanField,
    Form,
    HiddenField,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
)

from stocksite.web import svg
from stocksite.web.svg import Bar, Line

_START: Final = date(2008, 7, 1)
LONG_NAME: Final = "Retirement, long horizon, quite long name"[:40]


@dataclass(frozen=True)
class Row:
    """One position of the sample table."""

    id: int
    symbol: str
    name: str
    quantity: Decimal
    price: Decimal | None
    change: Decimal | None
    change_pct: float | None
    value: Decimal | None
    stale: bool = False


@dataclass(frozen=True)
class Page:
    """What the pagination macro reads."""

    page: int
    pages: int
    total: int
    per_page: int


class TicketForm(Form):
    """The fields the order ticket macro expects."""

    client_order_id = HiddenField(default="sample")
    portfolio = SelectField("Portfolio", choices=[("1", "Main, $25,000.00 free"), ("2", LONG_NAME)])
    symbol = StringField("Symbol", default="AAPL")
    side = RadioField("Side", choices=[("buy", "Buy"), ("sell", "Sell")], default="buy")
    mode = RadioField(
        "How much", choices=[("quantity", "Shares"), ("notional", "Amount")], default="quantity"
    )
    quantity = StringField("Quantity", default="10")
    notional = StringField("Amount")


class SampleForm(Form):
    """One field of each kind."""

    name = StringField("Name", default="Main", description="Up to 40 characters.")
    cash = StringField("Starting cash", default="100000.00")
    method = SelectField(
        "Execution", choices=[("next", "At the next quote"), ("instant", "At once")]
    )
    note = TextAreaField("Description")
    agree = BooleanField("Send me a note when an order fills")


def _bars(count: int) -> list[Bar]:
    bars, close = [], 171.0
    for n in range(count):
        opened = close
        close = 150 + 40 * math.sin(n / 19) + 9 * math.sin(n / 3.1) + n * 0.22
        high, low = max(opened, close) + 2 + n % 3, min(opened, close) - 2 - n % 4
        day = _START + timedelta(days=n + 2 * (n // 5))
        bars.append(Bar(day, opened, high, low, close, 2e7 * (1.4 + math.sin(n / 2.3))))
    return bars


def _average(bars: list[Bar], window: int) -> list[float | None]:
    closes = [b.close for b in bars]
    return [
        None if n + 1 < window else sum(closes[n + 1 - window : n + 1]) / window
        for n in range(len(closes))
    ]


def _rows() -> list[Row]:
    d = Decimal
    return [
        Row(1, "AAPL", "Apple Inc.", d("10"), d("604.85"), d("118.40"), 2.0, d("6048.50")),
        Row(
            2,
            "MSFT",
            "Microsoft Corporation",
            d("120.5"),
            d("19.47"),
            d("-43.38"),
            -1.81,
            d("2346.14"),
        ),
        Row(
            3, "BRK.B", LONG_NAME, d("0.333333333"), d("3140.0625"), d("0"), 0.0, d("1046.69"), True
        ),
        Row(
            4,
            "XOM",
            "Exxon Mobil Corporation",
            d("1250000"),
            d("76.06"),
            d("1234567.89"),
            1.31,
            d("95075000"),
        ),
        Row(5, "FB", "Facebook, Inc.", d("3"), None, None, None, None),
    ]


def _ticket(*, bad: bool = False) -> TicketForm:
    form = TicketForm(data={"quantity": "1200"} if bad else None)
    if bad:
        form.quantity.errors = [
            "You asked for 1,200 shares; that costs about $725,820.00 and $25,000.00 is free."
        ]
    return form


def _sample_form(*, bad: bool = False) -> SampleForm:
    form = SampleForm(prefix="bad-" if bad else "")
    if bad:
        form.cash.errors = ["Enter an amount between $0.00 and $999,999,999,999.99."]
    return form


def sample_context() -> dict[str, Any]:
    """Everything `styleguide.html` shows. No database, no clock: always the same page."""
    bars = _bars(126)
    closes = [b.close for b in bars]
    days = [b.date for b in bars]
    return {
        "D": Decimal,
        "rows": _rows(),
        "page": Page(page=2, pages=200, total=10_000, per_page=50),
        "moment": datetime(2009, 1, 14, 16, 42, tzinfo=UTC),
        "ticket": _ticket(),
        "bad_ticket": _ticket(bad=True),
        "form": _sample_form(),
        "bad_form": _sample_form(bad=True),
        "closes": closes,
        "bars": bars[-6:],
        "long_name": LONG_NAME,
        "candles": svg.candlestick(
            bars,
            title="AAPL",
            averages=[
                Line("20-day average", _average(bars, 20), series=1),
                Line("50-day average", _average(bars, 50), series=2),
            ],
        ),
        "equity": svg.line_chart(
            days,
            [Line("Net worth", [c * 160 for c in closes], series=1, area=True)],
            title="Net worth",
            base=25_000.0,
        ),
        "percents": svg.line_chart(
            days,
            [
                Line("Main", [c / closes[0] * 100 - 100 for c in closes], series=1),
                Line("S&P 500", [c / closes[0] * 55 - 60 for c in reversed(closes)], series=2),
            ],
            title="Return",
            kind="percent",
            size="s",
            base=0.0,
        ),
        "nothing": svg.line_chart([], [], title="Net worth", size="s"),
        "slices": [
            {"label": s, "share_pct": p, "url": "#"}
            for s, p in (("XOM", 41.2), ("AAPL", 22.3), ("Cash", 14.0), ("MSFT", 8.5), ("IBM", 5.0))
        ]
        + [{"label": f"Small {n}", "share_pct": 1.5} for n in range(6)],
        "svg_range": svg.day_range(590.0, 612.0, 604.85, label="Between $590.00 and $612.00"),
    }
