"""Yahoo's chart service as of 2026."""

from __future__ import annotations

import json
import struct
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Response

from stocksite.core.calendar import NEW_YORK, xnys
from tests.emulator.world import Row

if TYPE_CHECKING:
    from tests.emulator.server import Asked

NOT_FOUND = {"code": "Not Found", "description": "No data found, symbol may be delisted"}
CRUMB = {"code": "Unauthorized", "description": "Invalid Crumb"}
REFUSALS: dict[str, Any] = {
    "yahoo_429": lambda: Response("Too Many Requests\r\n", 429, content_type="text/plain"),
    "yahoo_429_html": lambda: Response("<html>Too many requests</html>", 429),
    "yahoo_429_as_200": lambda: Response("Too Many Requests\r\n", content_type="text/plain"),
    "yahoo_404": lambda: _json({"chart": {"result": None, "error": NOT_FOUND}}, 404),
    "yahoo_bare_404": lambda: Response("gone", 404),
    "yahoo_crumb": lambda: _json({"finance": {"result": None, "error": CRUMB}}, 401),
    "yahoo_feature": lambda: _json(
        {"quoteResponse": {"result": None, "error": {"code": "Unauthorized", "description": "User "
         "is unable to access this feature"}}}, 401,
    ),
    "yahoo_consent": lambda: Response(
        "", 302, {"Location": "https://consent.yahoo.com/collectConsent?sessionId=1"}
    ),
    "yahoo_maintenance": lambda: Response("<html><body>Will be right back...</body></html>"),
}  # fmt: skip


def answer(asked: Asked) -> Response:
    """Charts and sparks."""
    word = asked.said(REFUSALS)
    if word is not None:
        made: Response = REFUSALS[word]()
        return made
    if asked.over_quota():
        return REFUSALS["yahoo_429"]()  # type: ignore[no-any-return]
    if asked.request.path.endswith("/spark"):
        return _spark(asked)
    if asked.symbol not in asked.world.securities or "." in asked.request.path.rpartition("/")[2]:
        return REFUSALS["yahoo_404"]()  # type: ignore[no-any-return]
    return _json({"chart": {"result": [_chart(asked, asked.symbol)], "error": None}})


def _spark(asked: Asked) -> Response:
    results = []
    for name in asked.params.get("symbols", "").split(","):
        symbol = name.replace("-", ".")
        if symbol in asked.world.securities:
            chart = _chart(asked, symbol)
            results.append({"symbol": name, "response": [chart]})
    return _json({"spark": {"result": results, "error": None}})


def _chart(asked: Asked, symbol: str) -> dict[str, Any]:
    rows, since = _rows(asked, symbol)
    live = asked.world.running_row(symbol)
    stamps = [_open(row.day) for row in rows]
    if live is not None:
        rows, stamps = [*rows, live], [*stamps, int(asked.world.now.timestamp())]
    columns: dict[str, list[Any]] = {
        name: [
            _noisy(_number(getattr(row, name)) * _factor(asked, symbol, row.day)) for row in rows
        ]
        for name in ("open", "high", "low", "close")
    }
    columns["volume"] = [_number(row.volume) / _factor(asked, symbol, row.day) for row in rows]
    if asked.fault("yahoo_nulls") and len(rows) > 3:
        for column in columns.values():
            column[-3] = None
    made: dict[str, Any] = {
        "meta": _meta(asked, symbol),
        "timestamp": stamps,
        "events": _events(asked, symbol, since),
        "indicators": {"quote": [columns], "adjclose": [{"adjclose": columns["close"]}]},
    }
    if asked.fault("yahoo_no_timestamp") or not rows:
        del made["timestamp"]
        made["indicators"]["quote"] = [{}]
    if asked.fault("yahoo_uneven"):
        columns["close"].pop()
    return made


def _rows(asked: Asked, symbol: str) -> tuple[list[Row], date]:
    rows = asked.rows() if symbol == asked.symbol else asked.rows(symbol)
    if "period1" not in asked.params:
        return rows[-1:] if asked.world.running_row(symbol) is None else [], date.min
    since = datetime.fromtimestamp(int(asked.params["period1"]), NEW_YORK).date()
    until = datetime.fromtimestamp(int(asked.params["period2"]), NEW_YORK).date()
    return [row for row in rows if since <= row.day <= until], since


def _meta(asked: Asked, symbol: str) -> dict[str, Any]:
    rows = asked.world.closed_rows(symbol)
    live = asked.world.running_row(symbol)
    last = live or rows[-1]
    before = rows[-1] if live is not None else rows[-2]
    session = xnys().on(last.day)
    closed = session.close + timedelta(seconds=2) if session else asked.world.now
    at = asked.world.now if live is not None else closed
    wrong = asked.fault("wrong_symbol")
    return {
        "currency": "USD", "symbol": "OTHER" if wrong else symbol.replace(".", "-"),
        "exchangeName": "NMS", "instrumentType": "EQUITY",
        "regularMarketTime": int(at.timestamp()),
        "exchangeTimezoneName": "America/New_York",
        "regularMarketPrice": _noisy(_number(last.close)),
        "regularMarketDayHigh": _noisy(_number(last.high)),
        "regularMarketDayLow": _noisy(_number(last.low)),
        "regularMarketVolume": last.volume,
        "chartPreviousClose": _noisy(
            _number(before.close) * _factor(asked, symbol, before.day)
        ),
        "priceHint": 2, "dataGranularity": "1d",
    }  # fmt: skip


def _events(asked: Asked, symbol: str, since: date) -> dict[str, Any]:
    security, today = asked.world.securities[symbol], asked.world.today
    return {
        "splits": {
            str(_open(day)): {"date": _open(day), "numerator": to, "denominator": of,
                              "splitRatio": f"{to}:{of}"}
            for day, to, of in security.splits if since <= day <= today
        },
        "dividends": {
            str(_open(day)): {"date": _open(day), "amount": cash * _factor(asked, symbol, day)}
            for day, cash in security.dividends if since <= day <= today
        },
    }  # fmt: skip


def _factor(asked: Asked, symbol: str, day: date) -> float:
    factor = 1.0
    for ex, to, of in asked.world.securities[symbol].splits:
        if day < ex <= asked.world.today:
            factor *= of / to
    return factor


def _open(day: date) -> int:
    session = xnys().on(day)
    midnight = datetime(day.year, day.month, day.day, 9, 30, tzinfo=NEW_YORK)
    return int((session.open if session else midnight).timestamp())


def _number(value: object) -> float:
    try:
        return float(str(value).replace(",", ""))
    except ValueError:
        return 0.0


def _noisy(value: float) -> float:
    """As single precision carries it."""
    made: float = struct.unpack("f", struct.pack("f", value))[0]
    return made


def _json(body: Any, status: int = 200) -> Response:
    return Response(json.dumps(body), status, content_type="application/json")
