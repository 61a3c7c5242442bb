"""What is sent in the members of JSON bodies, what fills the others, and what is legal where."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from tests.conftest import PASSWORD

# Raw JSON, so that what no encoder would write can be sent.
HOSTILE: dict[str, str] = {
    "NaN": "NaN",
    "infinity": "-Infinity",
    "1e400": "1e400",
    "1e400 as text": '"1e400"',
    "NaN as text": '"NaN"',
    "minus one": "-1",
    "minus one as text": '"-1"',
    "zero": "0",
    "zero as text": '"0"',
    "200 digits": "9" * 200,
    "200 digits as text": f'"{"9" * 200}"',
    "many decimals": '"0.1234567890123456789"',
    "other digits": '"٣٫٥"',
    "emoji": '"🧨🚀"',
    "NUL": r'"a\u0000b"',
    "lone surrogate": r'"\ud800"',
    "escape": r'"\u001b[31m"',
    "markup": '"<script>alert(1)</script>"',
    "SQL": '"\'; DROP TABLE portfolio; --"',
    "megabyte": f'"{"x" * 1_100_000}"',
    "600 kilobytes": f'"{"x" * 600_000}"',
    "null": "null",
    "true": "true",
    "list": "[]",
    "object": "{}",
    "deep": "[" * 5_000 + "]" * 5_000,
    "blank": '"   "',
    "nothing": '""',
    "day that is none": '"2009-02-30"',
}

IN_TEXT = {
    label: json.loads(value)
    for label, value in HOSTILE.items()
    if value.startswith('"') and label not in ("megabyte", "600 kilobytes", "lone surrogate")
}
"""What can stand in a query or a path."""

NUMBERS = frozenset(
    {"amount", "starting_cash", "commission_pct", "commission_per_trade", "quantity", "notional"}
    | {"limit_price", "stop_price", "above", "below", "move_pct", "position", "expires_in_days"}
    | {"initial_investment"}
)
ZERO_IS_FINE = frozenset({"starting_cash", "commission_pct", "commission_per_trade", "position"})
BOOLEANS = frozenset({"read", "public"})
FREE_TEXT = frozenset({"name", "description", "note", "first_name", "last_name"})
LEFT_OUT = frozenset({"symbols", "start", "end", "sizing", "period", "from", "to", "id"})
"""Null is as if it were not there."""
ALL_DEFAULTS = frozenset({"parameters", "costs", "exits", "sizing"})
"""Objects whose members have defaults: an empty one asks for all of them."""
NEVER = ("NaN", "infinity", "1e400", "NUL", "lone surrogate", "megabyte", "600 kilobytes", "deep")
"""Legal nowhere."""


TWO_YEARS = {"start": "2007-01-03", "end": "2008-12-31"}
"""What a backtest plays here: it is done sooner than all there are."""
GOOD: dict[str, Any] = {
    "password": PASSWORD,
    "refresh": "not.a.token",
    "token": "not.a.token",
    "username": "somebodyelse",
    "name": "Good",
    "symbol": "AAPL",
}


@dataclass(frozen=True)
class Operation:
    """One method of one path of the document."""

    method: str
    path: str
    described: dict[str, Any]

    @property
    def body(self) -> dict[str, Any] | None:
        """The description of its JSON body."""
        found: dict[str, Any] | None = self.described.get("requestBody")
        return found["content"]["application/json"] if found else None


def legal(operation: Operation, name: str, label: str) -> bool:
    """Whether a member may have a hostile value."""
    if label in NEVER:
        return False
    words = label.endswith("as text") or label in ("many decimals", "day that is none")
    if name == "username":
        return words and "200" not in label  # letters, digits, dots and dashes: a name
    if name == "password" and operation.path == "/api/users/":
        return label in ("markup", "SQL", "many decimals", "day that is none")  # long enough
    if name == "client_order_id":
        printable = label in ("emoji", "markup", "SQL", "other digits")
        return (words and "200" not in label) or printable or label == "null"
    if name in LEFT_OUT | ALL_DEFAULTS:
        return (name, label) == ("symbols", "list") or label in (
            *(("null",) if name in LEFT_OUT else ()),
            *(("object",) if name in ALL_DEFAULTS else ()),
        )
    if name in BOOLEANS and label == "true":
        return True
    if name in NUMBERS and label != "null":
        return name in ZERO_IS_FINE and label in ("zero", "zero as text")
    if name in FREE_TEXT:
        plain = words or label in ("emoji", "markup", "SQL", "other digits")
        empty = label in ("blank", "nothing") and name != "name"
        fits = label != "200 digits as text" or name in ("description", "note")
        return (plain or empty) and fits
    return label == "null" and name in (NUMBERS - ZERO_IS_FINE) | {"benchmark", "position"}
