"""What the pages of this room share: who asks, the tabs, sorting, pages of tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from flask import Response, flash, render_template, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response as BaseResponse

from stocksite.core.actor import Actor
from stocksite.core.paging import Page
from stocksite.web import htmx

T = TypeVar("T")

_TABS = (
    ("Overview", "portfolios.overview"),
    ("Performance", "portfolios.performance"),
    ("Transactions", "portfolios.transactions"),
    ("Orders", "portfolios.orders"),
    ("Daily values", "portfolios.snapshots"),
    ("Cash", "portfolios.cash"),
    ("Settings", "portfolios.edit"),
    ("Proof", "portfolios.verify"),
)


def me() -> Actor:
    """The Actor behind `current_user`; call it behind `login_required`."""
    actor: Actor = current_user._get_current_object()
    return actor


def tabs(portfolio_id: int) -> list[dict[str, Any]]:
    """The pages of one portfolio."""
    return [
        {
            "label": label,
            "url": url_for(endpoint, portfolio_id=portfolio_id),
            "active": request.endpoint == endpoint,
        }
        for label, endpoint in _TABS
    ]


def sorted_by(
    rows: Sequence[T], keys: Mapping[str, Callable[[T], Any]], wanted: str | None, default: str
) -> tuple[list[T], str]:
    """Rows in the order a link asked for, and that order; what is not known comes last.

    `keys` is the allow-list; `-` in front descends. Anything else is the default order.
    """
    order = wanted if wanted and wanted.removeprefix("-") in keys else default
    key = keys[order.removeprefix("-")]
    known = [row for row in rows if key(row) is not None]
    unknown = [row for row in rows if key(row) is None]
    return sorted(known, key=key, reverse=order.startswith("-")) + unknown, order


def table_page(page: Page[Any]) -> dict[str, int]:
    """A page of a list as the table macro reads it."""
    return {
        "page": page.request.number,
        "pages": page.pages,
        "total": page.count,
        "per_page": page.request.size,
    }


def done(message: str, target: str, events: Mapping[str, Any] | None = None) -> BaseResponse:
    """Say that it worked: a message on the next page, or for htmx a toast and events in place."""
    if events is None or not htmx.is_htmx(request):
        flash(message, "success")
        return htmx.hx_redirect(request, target)
    toast = render_template("portfolios/_toast.html", message=message)
    answer = htmx.fragment(htmx.hx_partial("#flash", toast), events=events)
    answer.headers["HX-Reswap"] = "none"
    return answer


def csv_file(text: str, name: str) -> Response:
    """A CSV file to download; the byte order mark tells spreadsheets that it is UTF-8."""
    return Response(
        "\ufeff" + text,
        mimetype="text/csv",
        headers={"Content-Disposition": f'attachment; filename="{name}.csv"'},
    )
