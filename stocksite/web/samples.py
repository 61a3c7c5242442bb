"""Values to look at, made from the schemas of the OpenAPI document: pure functions."""

from __future__ import annotations

from typing import Any, Final

Schema = dict[str, Any]

_EXACT: Final = "100728.50"
"""The example that `web/openapi_models.py` gives every exact number."""
_NUMBER: Final = 1.5
DEPTH: Final = 6
"""How deep an example follows nested models; a model may hold itself."""

# What a field of this name mostly holds, where its schema says no more than "text".
WORDS: Final = {
    "symbol": "AAPL",
    "ticker": "AAPL",
    "benchmark": "IBM",
    "name": "Apple Inc.",
    "company_name": "Apple Inc.",
    "company_code": "AAPL",
    "username": "ada",
    "email": "ada@example.com",
    "first_name": "Ada",
    "last_name": "Lovelace",
    "password": "correct horse battery",
    "time_zone": "America/New_York",
    "currency": "USD",
    "exchange": "XNYS",
    "sector": "Information Technology",
    "source": "sample",
    "title": "Refresh prices",
    "job": "3f2b8c0d9e7a4c51a6d0b1f2e3a4c5d6",
    "url": "/api/jobs/3f2b8c0d9e7a4c51a6d0b1f2e3a4c5d6/",
    "access": "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJ1c2VyX2lkIjoiNyJ9.c2lnbmF0dXJl",
    "refresh": "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJ1c2VyX2lkIjoiNyJ9.c2lnbmF0dXJl",
    "token": "ss_4kT9wQ2zB7nM1xYpLr8vGh3sDf6jKcAe",
    "prefix": "ss_4kT9wQ2z",
    "model": "boosted 1.0.0",
    "client_order_id": "script-2010-03-31-1",
    "note": "",
    "reason": "",
    "description": "",
    "message": "",
    "symbols": "AAPL",
    "strategy": "sma_cross",
    "adjustment": "split",
    "shares": "whole",
    "fill": "next_open",
    "rounding": "none",
    "reason_code": "",
    "market_state": "calm",
    "verdict": "Not better than holding.",
    "kind": "boosted",
    "version": "1.0.0",
    "data_hash": "9f2c41d07be8",
    "status": "done",
    "side": "buy",
    "type": "market",
    "time_in_force": "day",
    "purchased_status": "none",
    "portfolio_name": "My portfolio",
    "event_type": "PRICE_DECREASE",
    "execution": "next_quote",
    "cost_method": "average",
    "history": "loaded",
    "scope": "write",
    "delay": "replay",
    "device": "Firefox on Linux",
    "address": "192.0.2.7",
    "what": "cash",
    "doing": "",
}
DECIMALS: Final = {
    **dict.fromkeys(("quantity", "filled_quantity"), "10"),
    **dict.fromkeys(("price", "average_fill_price", "limit_price", "stop_price"), "91.75"),
    **dict.fromkeys(("open", "low", "previous_close", "average_buy_price"), "90.10"),
    **dict.fromkeys(("high", "level", "above"), "92.40"),
    **dict.fromkeys(("cash_amount", "cost_basis"), "-917.50"),
    **dict.fromkeys(("fees", "commission", "reserved", "realized_pnl", "receivable"), "0.00"),
    **dict.fromkeys(("market_value", "notional", "positions_value"), "917.50"),
    **dict.fromkeys(("change", "unrealized_pnl"), "1.65"),
}
"""What an exact number of this name could be."""
NUMBERS: Final = {
    **dict.fromkeys(("open", "low", "entry_price"), 90.1),
    **dict.fromkeys(("high", "exit_price"), 92.4),
    **dict.fromkeys(("close", "last_close", "reference", "q50", "actual", "price"), 91.75),
    **dict.fromkeys(("q025", "q05", "q10", "q15", "q20", "q25"), 84.2),
    **dict.fromkeys(("q75", "q80", "q85", "q90", "q95", "q975"), 99.8),
    **dict.fromkeys(("initial_investment", "value", "benchmark", "final_value"), 10_000.0),
    **dict.fromkeys(("volume", "market_cap"), 1_250_000.0),
}
STATUSES: Final = {
    "Order": "filled",
    "Job": "running",
    "Loading": "loading",
    "Stock": "active",
    "Quote": "active",
    "Attached": "active",
}
"""What `status` mostly is, by how the name of its model begins."""


def resolve(document: Schema, schema: Schema) -> Schema:
    """Follow a `$ref` inside the document."""
    while "$ref" in schema:
        found: Any = document
        for step in schema["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        schema = {**found, **{k: v for k, v in schema.items() if k != "$ref"}}
    return schema


def branches(schema: Schema) -> list[Schema]:
    """The alternatives of a schema, null left out."""
    found = schema.get("anyOf") or schema.get("oneOf") or []
    return [branch for branch in found if branch.get("type") != "null"]


def sample(document: Schema, schema: Schema, depth: int = 0) -> Any:
    """A value of the schema to look at: its example or default, else something of its type."""
    schema = resolve(document, schema)
    for key in ("example", "const"):
        if key in schema:
            return schema[key]
    for key in ("examples", "enum"):
        if schema.get(key):
            return schema[key][0]
    if schema.get("default") is not None:
        return schema["default"]
    found = branches(schema)
    if found:
        return sample(document, found[0], depth)
    if depth > DEPTH:
        return None
    return _of_type(document, schema, depth)


def _of_type(document: Schema, schema: Schema, depth: int) -> Any:
    kind = schema.get("type")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "object":
        fields = schema.get("properties", {})
        made = {name: _field(document, name, inner, depth + 1) for name, inner in fields.items()}
        title = str(schema.get("title", ""))
        status = next((s for start, s in STATUSES.items() if title.startswith(start)), None)
        if status is not None and made.get("status") == WORDS["status"]:
            made["status"] = status
        return made
    if kind == "array":
        return [sample(document, schema.get("items", {}), depth + 1)]
    if kind == "string":
        samples = {"date": "2010-03-31", "date-time": "2010-03-31T14:30:00Z"}
        return samples.get(schema.get("format", ""), "text")
    if kind == "number":
        top = float(schema.get("maximum") or schema.get("exclusiveMaximum") or _NUMBER)
        return _NUMBER if top >= _NUMBER else top / 2
    return {"integer": max(1, schema.get("minimum", 1)), "boolean": True}.get(str(kind))


def _field(document: Schema, name: str, schema: Schema, depth: int) -> Any:
    """A sample; plain text is replaced by what a field of this name holds, in lists too."""
    found = sample(document, schema, depth)
    if found == "text":
        return WORDS.get(name, found)
    if found == _EXACT:
        return DECIMALS.get(name, found)
    if found == _NUMBER:
        return NUMBERS.get(name, found)
    return [WORDS.get(name, "text")] if found == ["text"] else found
