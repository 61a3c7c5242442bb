"""What pages of this and higher rooms embed: the market's state, a stock's chart and quote.

from stocksite.market import fragments

fragments.state()                       the MarketState, one statement per request
fragments.chart(session, stock, key)    context of `market/_chart.html`
{% include "market/_quote.html" %}      needs `quote` (StockQuote), `market`, `quote_url`
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote as url_quote

from flask import current_app, g, request, url_for
from redis import Redis
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from stocksite.market import charting, performance
from stocksite.market.charting import Range, Series
from stocksite.market.reading import MarketState, StockQuote
from stocksite.market.service import bars, clock
from stocksite.web import charts, htmx, svg
from stocksite.web.extensions import db


def state() -> MarketState:
    """The market of this request, read once. Raises ProviderUnavailable before the set-up."""
    if "market_state" not in g:
        g.market_state = clock.state(db.session())
    found: MarketState = g.market_state
    return found


def unchanged() -> Response | None:
    """A 304 for a poller that has seen the market's latest tick: one Redis read, no SQL."""
    redis: Redis | None = current_app.extensions.get("redis")
    seen = request.headers.get("HX-PTag")
    if not seen or seen != clock.cursor(redis):
        return None
    return htmx.not_modified(request, seen)


def stock_url(symbol: str, **query: str) -> str:
    """The address of a stock's page."""
    path = url_for("market.stock_list") + url_quote(symbol)
    return path + "".join(f"?{name}={url_quote(value)}" for name, value in query.items())


def chart(session: Session, stock: StockQuote, key: str | None) -> dict[str, Any]:
    """The context of `market/_chart.html` for a range key (`1m 6m 1y 5y all`); two statements.

    `figures` are the key figures of the same bars, so a page that shows both loads them once.
    """
    chosen = charting.range_of(key)
    market = state()
    start = charting.load_from(chosen, market.session_date)
    loaded, actions = bars.charted(session, stock.stock_id, start, market)
    columns = (loaded.open, loaded.high, loaded.low, loaded.close, loaded.volume)
    series = charting.build(loaded.days, columns, actions, chosen, market.session_date)
    traded = loaded.volume[:-1] if loaded.partial else loaded.volume
    return {
        "stock": stock,
        "figures": performance.key_figures(
            loaded.days, loaded.high, loaded.low, loaded.close, traded, market.session_date
        ),
        "chart": series,
        "chart_rows": _rows(series),
        "chart_title": f"{stock.symbol}, {chosen.words}",
        "chart_ranges": [_range_link(stock.symbol, each, chosen) for each in charting.RANGES],
        "chart_legend": [
            {"label": f"{window}-day average", "series": n}
            for n, window in enumerate(charting.WINDOWS, start=1)
        ],
        "chart_svg": _drawing(series, stock.symbol),
        "chart_bokeh": _bokeh(series) if len(series) else None,
    }


def _range_link(symbol: str, each: Range, chosen: Range) -> dict[str, Any]:
    return {
        "label": each.label,
        "url": stock_url(symbol, range=each.key),
        "fragment": url_for("market.stock_chart", symbol=symbol, range=each.key),
        "active": each is chosen,
    }


def _rows(series: Series) -> list[dict[str, Any]]:
    """The table twin: the latest first."""
    columns = (series.open, series.high, series.low, series.close, series.volume)
    numbers = zip(series.days.tolist(), *(column.tolist() for column in columns), strict=True)
    names = ("day", "open", "high", "low", "close", "volume")
    notes: dict[int, str] = {}
    for at, action in series.marks:
        notes[at] = f"{notes[at]}, {action.text}" if at in notes else action.text
    rows = [dict(zip(names, row, strict=True)) | {"note": ""} for row in numbers]
    for at, note in notes.items():
        rows[at]["note"] = note
    return rows[::-1]


def _drawing(series: Series, symbol: str) -> Any:
    columns = (series.open, series.high, series.low, series.close, series.volume)
    numbers = zip(series.days.tolist(), *(column.tolist() for column in columns), strict=True)
    averages = [
        svg.Line(f"{window}-day average", _gaps(values), series=n)
        for n, (window, values) in enumerate(series.averages.items(), start=1)
    ]
    title = f"Price of {symbol}"
    return svg.candlestick([svg.Bar(*row) for row in numbers], title=title, averages=averages)


def _gaps(values: Any) -> list[float | None]:
    return [None if value != value else value for value in values.tolist()]


def _bokeh(series: Series) -> dict[str, Any]:
    return charts.candle_chart(
        charts.Candles(
            days=series.days.tolist(),
            open=series.open,
            high=series.high,
            low=series.low,
            close=series.close,
            volume=series.volume,
            averages={f"{window}-day": values for window, values in series.averages.items()},
            marks=[charts.Mark(at, action.kind, action.text) for at, action in series.marks],
        )
    )
