"""Pages of lists on the web: the default size, and the addresses of the neighbours."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import current_app, request

from stocksite.core.paging import MAX_PAGE, MAX_PAGE_SIZE, Page, PageRequest
from stocksite.web.json import dump


def page_size() -> int:
    """The default number of rows per page (`PAGE_SIZE`)."""
    return int(current_app.config["PAGE_SIZE"])


def page_request(size: int | None = None) -> PageRequest:
    """The page an HTML route was asked for; what cannot be read is the first page.

    JSON routes use `PageQuery` instead, which says what is wrong.
    """
    text = request.args.get("page", "")
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 8 else 1
    return PageRequest(min(max(number, 1), MAX_PAGE), min(size or page_size(), MAX_PAGE_SIZE))


def page_path(number: int) -> str:
    """The path of another page of the list that is being shown; filters stay."""
    args = [(key, value) for key, value in request.args.items(multi=True) if key != "page"]
    query = urlencode([*args, ("page", str(number))] if number > 1 else args)
    path = request.script_root + request.path
    return f"{path}?{query}" if query else path


def page_url(number: int) -> str:
    """The same with scheme and host: what `next` and `previous` carry."""
    return request.host_url.rstrip("/") + page_path(number)


def envelope(page: Page[Any]) -> dict[str, Any]:
    """`{"count", "next", "previous", "results"}`; beyond the end `previous` is the last page."""
    number = page.request.number
    return {
        "count": page.count,
        "next": page_url(number + 1) if page.has_next else None,
        "previous": page_url(min(number - 1, page.pages)) if page.has_previous else None,
        "results": dump(page.results),
    }
