"""How the pages of this room answer: a form with its mistakes, or the way on."""

from __future__ import annotations

from typing import Any

from flask import make_response, render_template, request
from flask_login import current_user
from werkzeug.wrappers import Response

from stocksite.auth.navigation import safe_next
from stocksite.core.actor import Actor
from stocksite.core.errors import DomainError, TooManyRequests, Unauthenticated
from stocksite.web import htmx
from stocksite.web.assets import url_or_none
from stocksite.web.forms import ServiceForm
from stocksite.web.problems import RETRY_S

TABS = (
    ("Profile", "auth.profile"),
    ("Password", "auth.password"),
    ("Sessions", "auth.sessions"),
    ("API tokens", "auth.tokens"),
    ("Notifications", "watchlist.channel_settings"),
    ("Delete account", "auth.delete_account"),
)


def show_form(name: str, status: int = 200, **context: Any) -> Response:
    """The page `auth/<name>.html`, or for htmx only its form, `auth/_<name>.html`."""
    template = f"auth/_{name}.html" if htmx.is_partial(request) else f"auth/{name}.html"
    response = make_response(render_template(template, account_tabs=account_tabs(), **context))
    response.status_code = status
    return htmx.vary(response)


def show_again(
    name: str, form: ServiceForm, error: DomainError | None = None, **context: Any
) -> Response:
    """The form once more, with what is wrong beside each field and what was typed kept.

    The status is the error's own; wrong credentials are 422, because a 401 of a page would mean
    that the page itself asks for a login.
    """
    status = 422
    if error is not None:
        form.show(error)
        status = 422 if isinstance(error, Unauthenticated) else error.status
    response = show_form(name, status, form=form, **context)
    if isinstance(error, TooManyRequests):
        response.headers["Retry-After"] = str(error.retry_after_s)
    elif status == 503:
        response.headers["Retry-After"] = str(RETRY_S)
    return response


def go_on(target: str) -> Response:
    """To another page: 303 for a browser, HX-Redirect for htmx."""
    return htmx.hx_redirect(request, target)


def wanted_page() -> str | None:
    """`next` of the form or the address, when it is a page of this site."""
    return safe_next(request.values.get("next"))


def start_page() -> str:
    """Where a person begins: the dashboard, once there is one."""
    return url_or_none("desk.dashboard") or "/"


def home_page() -> str:
    """Where somebody without a session belongs."""
    return url_or_none("desk.home") or "/"


def account_tabs() -> list[dict[str, Any]]:
    """The pages about oneself, as tabs."""
    return [
        {"label": label, "url": url, "active": request.endpoint == endpoint}
        for label, endpoint in TABS
        if (url := url_or_none(endpoint))
    ]


def me() -> Actor:
    """The Actor behind `current_user`; call it behind `login_required`."""
    actor: Actor = current_user._get_current_object()
    return actor
