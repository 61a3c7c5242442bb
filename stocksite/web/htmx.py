"""The few words our views exchange with htmx 4. Its own sheet: `docs/ui-kit.md`, "htmx".

An htmx request never gets a 3xx: fetch would follow it and swap the landing page into the target.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, TypeVar
from urllib.parse import urlsplit

from flask import Request, Response, current_app, make_response, redirect
from markupsafe import Markup
from werkzeug.wrappers import Response as BaseResponse

Made = TypeVar("Made", bound=BaseResponse)


def is_htmx(request: Request) -> bool:
    """Whether htmx sent the request. A history restore is not one: it wants the whole page."""
    return request.headers.get("HX-Request") == "true"


def is_partial(request: Request) -> bool:
    """Whether the answer is swapped into a part of the page, so a fragment is wanted."""
    return request.headers.get("HX-Request-Type") == "partial"


def current_page(request: Request) -> str | None:
    """Path and query of the page htmx sent the request from; None when it is not one of ours."""
    try:
        parts = urlsplit(request.headers.get("HX-Current-URL", ""))
    except ValueError:
        return None
    if parts.netloc != request.host:
        return None
    return parts.path + (f"?{parts.query}" if parts.query else "")


def vary(response: Made) -> Made:
    """Mark a response whose URL serves both a page and a fragment."""
    response.vary.update(("HX-Request-Type", "HX-Request"))
    return response


def hx_partial(target: str, html: str | Markup, swap: str = "innerHTML") -> Markup:
    """One more region to swap, beside the main one. `target` is a CSS selector; `html` is trusted.

    Use `outerMorph` for a row that ticks: only what changed is written to the page.
    """
    head = Markup('<hx-partial hx-target="{}" hx-swap="{}">').format(target, swap)
    return head + Markup(html) + Markup("</hx-partial>")


def render_part(template: str, **context: Any) -> Markup:
    """Render a template that needs nothing but its own context: no context processor runs.

    For parts that are polled; what the frame of a page needs would cost more than the part.
    """
    return Markup(current_app.jinja_env.get_template(template).render(context))


def fragment(
    *parts: str | Markup,
    status: int = 200,
    ptag: str | None = None,
    events: Mapping[str, Any] | None = None,
) -> Response:
    """A fragment response: never stored, with its polling tag and the events it announces."""
    response = make_response("".join(str(part) for part in parts), status)
    response.headers["Cache-Control"] = "no-store"
    if ptag is not None:
        response.headers["HX-PTag"] = ptag
    if events:
        trigger(response, events)
    return response


def trigger(response: Response, events: Mapping[str, Any]) -> Response:
    """Announce events (`portfolio:changed`, past tense) to the page after the swap."""
    response.headers["HX-Trigger"] = json.dumps(dict(events), ensure_ascii=True)
    return response


def not_modified(request: Request, ptag: str) -> Response | None:
    """A 304 when the poller already holds `ptag`; None when there is something to send."""
    if request.headers.get("HX-PTag") != ptag:
        return None
    response = Response(status=304)
    response.headers["HX-PTag"] = ptag
    response.headers["Cache-Control"] = "no-store"
    return response


def hx_redirect(request: Request, location: str) -> BaseResponse:
    """Go to another page: 303 for a browser, `HX-Redirect` on a 200 for htmx."""
    if not is_htmx(request):
        return redirect(location, code=303)
    response = Response(status=200)
    response.headers["HX-Redirect"] = location
    response.headers["Cache-Control"] = "no-store"
    return response


def hx_refresh(request: Request, location: str) -> BaseResponse:
    """Show the same page again after a change: 303 for a browser, a reload for htmx."""
    if not is_htmx(request):
        return redirect(location, code=303)
    response = Response(status=200)
    response.headers["HX-Refresh"] = "true"
    response.headers["Cache-Control"] = "no-store"
    return response
