"""What is sent in the fields of forms, what fills the others, and what of it is legal where."""

from __future__ import annotations

from tests.conftest import PASSWORD
from tests.site.world import NAME

LONG = "x" * 1_100_000

HOSTILE: dict[str, str] = {
    "not a number": "NaN",
    "infinity": "-Infinity",
    "too large": "1e400",
    "minus one": "-1",
    "zero": "0",
    "200 digits": "9" * 200,
    "many decimals": "0." + "1" * 40,
    "other digits": "٣٫٥",
    "emoji": "🧨🚀",
    "NUL": "a\x00b",
    "escape": "\x1b[31mred",
    "right to left": "\u202egnp.exe",
    "megabyte": LONG,
    "markup": "<script>alert(1)</script>",
    "SQL": '\'; DROP TABLE "user"; --',
    "template": "{{ 7 * 7 }}${7*7}",
    "path": "../../../secret",
    "CRLF": "a\r\nSet-Cookie: evil=1",
    "blank": "   ",
    "nothing": "",
}

NUMBERS = frozenset(
    {"amount", "starting_cash", "commission_pct", "commission_per_trade", "quantity", "notional"}
    | {"above", "below", "move_pct", "position", "portfolio", "expires_in_days"}
    | {"initial_investment", "slippage_pct", "sizing_value", "cash"}
)
FREE_TEXT = frozenset({"name", "description", "note", "first_name", "last_name"})
"""What people may write as they like, on one line (a description on several)."""

# Good values by field, for fields that the page leaves empty.
GOOD = {
    "amount": "10",
    "name": "A good name",
    "symbol": "AAPL",
    "quantity": "1",
    "notional": "100",
    "confirm": NAME,
    "password": PASSWORD,
    "current_password": PASSWORD,
    "new_password": "another staple, quite long",
    "username": "somebodynew",
    "email": "new@example.com",
    "note": "a note",
    "next": "/dashboard",
    "position": "0",
    "start": "2007-01-03",  # two years are played sooner than all there are
    "end": "2008-12-31",
}

UNSEEN = {
    "backtest.cancel": "the world's backtest is done",
    "backtest.cancel_sweep": "the world's sweep is done",
    "forecast.make": "the world's stock has its forecast",
    "reports.order_pdf": "the world's report has its PDF",
    "reports.share": "the world's report is shared",
}
"""Routes whose form no page shows, the world being as it is; none of them takes a field."""

# (field, value) pairs that are legal besides what `_legal` knows, and why.
LEGAL = {
    ("starting_cash", "zero"): "an empty portfolio",
    ("commission_pct", "zero"): "no commission",
    ("commission_per_trade", "zero"): "no commission",
    ("cash", "nothing"): "the amount the form proposes",
    ("cash", "blank"): "the amount the form proposes",
    ("slippage_pct", "zero"): "no slippage",
    ("slippage_pct", "nothing"): "no slippage",
    ("slippage_pct", "blank"): "no slippage",
    ("sizing_value", "*"): "not read unless the sizing asks for it",
    ("commission_pct", "nothing"): "no commission",
    ("commission_per_trade", "nothing"): "no commission",
    ("commission_pct", "blank"): "no commission",
    ("commission_per_trade", "blank"): "no commission",
    ("position", "*"): "where a row moves to; what is no place is the first",
    ("next", "*"): "only a path of this site is followed; see the check of Location",
    ("expires_in_days", "nothing"): "never",
}
OPTIONAL = frozenset({"above", "below", "move_pct", "description", "note", "first_name"})
OPTIONAL |= {"last_name", "quantity", "notional"}
"""May be left empty. Of quantity and notional the other one is asked for."""

IN_ADDRESSES = (
    *("not a number", "too large", "minus one", "200 digits", "other digits", "emoji", "NUL"),
    *("megabyte", "markup", "SQL", "path", "CRLF", "nothing"),
)
PARAMETERS = (
    *("q", "page", "page_size", "sort", "range", "type", "status", "symbol", "from", "to"),
    *("portfolio", "side", "mode", "quantity", "notional", "next", "client_order_id"),
)


def legal(name: str, label: str) -> bool:
    """Whether a field may take a hostile value."""
    if name.startswith("p_"):  # a parameter: left empty it has its default, or is not asked for
        return label in ("nothing", "blank")
    if (name, label) in LEGAL or (name, "*") in LEGAL:
        return True
    if label in ("nothing", "blank"):
        return name in OPTIONAL or name not in NUMBERS | FREE_TEXT
    if name == "description" and label in ("CRLF", "200 digits"):
        return True
    if name in FREE_TEXT | NUMBERS and label in ("CRLF", "200 digits", "escape", "right to left"):
        return False
    return name not in NUMBERS and label not in ("NUL", "megabyte")
