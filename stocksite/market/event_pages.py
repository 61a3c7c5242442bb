"""What the pages about significant events show: the feed, and the query page over the API."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from flask import request, url_for
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from stocksite.core.errors import DomainError
from stocksite.core.paging import Page, PageRequest
from stocksite.market import fragments
from stocksite.market.event_schemas import EventsQuery, event_out
from stocksite.market.forms import EventQueryForm, EventsForm
from stocksite.market.reading import EventView
from stocksite.market.service import events
from stocksite.web import problem
from stocksite.web.bodies import read_query
from stocksite.web.json import dumps
from stocksite.web.pagination import envelope, page_path, page_request, page_size

_FILTERS = ("symbol", "type", "from", "to")


def feed(session: Session) -> tuple[dict[str, Any], int]:
    """Context and status of the feed, as the address filters and orders it."""
    form = EventsForm(request.args)
    sort = request.args.get("sort", "-timestamp")
    if sort.removeprefix("-") not in events.ORDERINGS:
        sort = "-timestamp"
    readable = form.validate()
    page: Page[EventView] = Page((), 0, PageRequest())
    if readable:
        page = events.listed(session, page_request(), form.wanted(), sort, fragments.state())
    context = {
        "form": form,
        "sort": sort,
        "sort_url": _sorted_by,
        "filtered": any(request.args.get(name, "").strip() for name in _FILTERS),
        **_table(page),
    }
    return context, 200 if readable else 422


def _sorted_by(key: str) -> str:
    kept = {name: request.args[name] for name in _FILTERS if request.args.get(name)}
    return f"{url_for('market.events')}?{urlencode({**kept, 'sort': key})}"


def _table(page: Page[EventView]) -> dict[str, Any]:
    return {
        "events": page.results,
        "page_view": {
            "page": page.request.number,
            "pages": page.pages,
            "total": page.count,
            "per_page": page.request.size,
        },
        "page_url": page_path,
        "stock_url": fragments.stock_url,
    }


def query(session: Session) -> tuple[dict[str, Any], int]:
    """Context and status of the query page: what the API answers to the same parameters.

    A form sends its empty fields too; they are left out, as a script would.
    """
    form = EventQueryForm(request.args)
    given = MultiDict(
        (name, value) for name, value in request.args.items(multi=True) if value.strip()
    )
    page: Page[EventView] = Page((), 0, PageRequest())
    status = 200
    try:
        asked = read_query(EventsQuery, given)
        page = events.listed(
            session,
            asked.request(page_size()),
            asked.wanted(),
            asked.ordering,
            fragments.state(),
        )
        answer = _answer(page)
    except DomainError as error:
        form.show(error)
        answer, status = problem.of(error).document(), error.status
    context = {
        "form": form,
        "request_url": _api_path(given),
        "answer": dumps(answer, indent=2, separators=(",", ": ")),
        "answer_status": status,
        **_table(page),
    }
    return context, status


def _answer(page: Page[EventView]) -> dict[str, Any]:
    """The API's envelope: the neighbors' addresses are the API's, not this page's."""
    whole = envelope(page.map(event_out))
    for name in ("next", "previous"):
        if whole[name] is not None:
            asked = MultiDict(parse_qsl(urlsplit(whole[name]).query))
            whole[name] = request.host_url.rstrip("/") + _api_path(asked)
    return whole


def _api_path(args: MultiDict[str, str]) -> str:
    path = url_for("market_api.list_events")
    asked = urlencode(list(args.items(multi=True)))
    return f"{path}?{asked}" if asked else path
