"""Pages and fragments: tracked stocks, search, a stock's chart and quote, events, the banner."""

from __future__ import annotations

import contextlib
from typing import Any

from flask import Blueprint, make_response, render_template, request, url_for
from flask_login import login_required
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.local import LocalProxy
from werkzeug.wrappers import Response

from stocksite.core.clock import wall_now
from stocksite.core.errors import DomainError, InvalidInput
from stocksite.core.paging import Page
from stocksite.market import event_pages, fragments, loading, sources
from stocksite.market.reading import MarketState, SearchHit, StockQuote
from stocksite.market.service import bars, quotes, search, stocks
from stocksite.market.symbols import normalize
from stocksite.web import htmx
from stocksite.web.extensions import db
from stocksite.web.pagination import page_path, page_request

blueprint = Blueprint("market", __name__, template_folder="templates")

SPARKLINE_SESSIONS = 30
_RESULTS = 50
_OPTIONS = 8


@blueprint.app_context_processor
def shell() -> dict[str, Any]:
    """`market` for the banner of every page: read only if a template looks at it."""
    return {
        "market": LocalProxy(_state_or_none),
        "market_banner_url": url_for("market.banner"),
        "search_url": url_for("market.search_page"),
        "described": sources.described,
    }


def _state_or_none() -> MarketState | None:
    """None when there is no telling, so that an error page can still be shown."""
    try:
        return fragments.state()
    except (DomainError, SQLAlchemyError):
        return None


@blueprint.get("/market/banner")
def banner() -> Response:
    """The clock strip, for polling; an unchanged one costs a single Redis read."""
    same = fragments.unchanged()
    if same is not None:
        return same
    state = fragments.state()
    again = htmx.not_modified(request, state.cursor)
    if again is not None:
        return again
    return htmx.fragment(render_template("_market_banner.html", market=state), ptag=state.cursor)


@blueprint.get("/stocks/")
@login_required
def stock_list() -> Response:
    """The tracked stocks with their quotes, as a page or, for the poll, its table."""
    partial = htmx.is_partial(request)
    same = fragments.unchanged() if partial else None
    if same is not None:
        return same
    ordering = request.args.get("sort", "symbol")
    if ordering.removeprefix("-") not in quotes.ORDERINGS:
        ordering = "symbol"
    session, state = db.session(), fragments.state()
    page = quotes.tracked(session, page_request(), ordering)
    ids = [quote.stock_id for quote in page.results]
    context = {
        "quotes": page.results,
        "closes": bars.recent_closes(session, ids, SPARKLINE_SESSIONS, state),
        "page_view": _page_view(page),
        "page_url": page_path,
        "sort": ordering,
        "sort_url": lambda key: url_for("market.stock_list", sort=key),
        "stock_url": fragments.stock_url,
        "list_url": page_path(page.request.number),
        "state": state,
    }
    if partial:
        text = render_template("market/_stock_table.html", **context)
        return htmx.vary(htmx.fragment(text, ptag=state.cursor))
    return htmx.vary(make_response(render_template("market/stocks.html", **context)))


def _page_view(page: Page[StockQuote]) -> dict[str, int]:
    """What the table macro reads of a page."""
    return {
        "page": page.request.number,
        "pages": page.pages,
        "total": page.count,
        "per_page": page.request.size,
    }


@blueprint.get("/stocks/<symbol>/chart")
@login_required
def stock_chart(symbol: str) -> Response:
    """A stock's chart: the fragment that the range links swap, or a page of its own."""
    session = db.session()
    quote = quotes.of(session, symbol)
    if not quote.listed:
        stocks.get(session, symbol)  # says why there is nothing to draw
    context = fragments.chart(session, quote, request.args.get("range"))
    if htmx.is_partial(request):
        return htmx.vary(htmx.fragment(render_template("market/_chart.html", **context)))
    return htmx.vary(make_response(render_template("market/chart.html", **context)))


@blueprint.get("/stocks/<symbol>/quote")
@login_required
def stock_quote(symbol: str) -> Response:
    """A stock's price and day figures, for polling; 304 while no tick has passed."""
    same = fragments.unchanged()
    if same is not None:
        return same
    quote, state = quotes.of(db.session(), symbol), fragments.state()
    text = render_template("market/_quote.html", quote=quote, state=state)
    return htmx.fragment(text, ptag=state.cursor)


@blueprint.get("/stocks/<symbol>/loading")
@login_required
def stock_loading(symbol: str) -> Response:
    """How loading a stock goes, for polling; ends at the stock's page."""
    return loading.progress(db.session(), symbol, request.args.get("job", ""))


@blueprint.get("/events")
@login_required
def events() -> tuple[str, int]:
    """The feed of significant events, filtered and ordered by the address."""
    context, status = event_pages.feed(db.session())
    return render_template("market/events.html", **context), status


@blueprint.get("/test-query-page/")
@login_required
def event_query() -> tuple[str, int]:
    """The events API as a form: its request, its answer as a table and as JSON."""
    context, status = event_pages.query(db.session())
    return render_template("market/event_query.html", **context), status


@blueprint.get("/search")
@login_required
def search_page() -> Response:
    """Symbols by letters or name: options for the search box, or a page of results."""
    text = request.args.get("q", "").strip()
    partial = htmx.is_partial(request)
    hits = search.find(db.session(), text, _OPTIONS if partial else _RESULTS)
    context = {"q": text, "hits": hits, "stock_url": fragments.stock_url}
    if partial and request.headers.get("HX-Target") != "div#results":
        return htmx.vary(htmx.fragment(render_template("market/_options.html", **context)))
    exact = _exact(text, hits)
    if exact is not None:
        return htmx.hx_redirect(request, fragments.stock_url(exact.symbol))
    context["asked"] = not hits and search.further(db.session(), text, wall_now()) is not None
    if partial:
        return htmx.vary(htmx.fragment(render_template("market/_results.html", **context)))
    page = render_template("market/search.html", search_query=text[: search.MAX_TEXT], **context)
    return htmx.vary(make_response(page))


def _exact(text: str, hits: list[SearchHit]) -> SearchHit | None:
    """The stock whose symbol was typed in full: Enter goes there at once."""
    with contextlib.suppress(InvalidInput):
        symbol = normalize(text)
        return next((hit for hit in hits if hit.symbol == symbol and hit.available), None)
    return None
