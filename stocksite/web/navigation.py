"""What the frame around every page links to. A link appears once its room has the page."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from flask import Flask, request
from flask_login import current_user

from stocksite.web.assets import url_or_none

_RAIL: Final = (
    # label, endpoint, icon, key of "g …", group
    ("Dashboard", "desk.dashboard", "dashboard", "d", ""),
    ("Watchlist", "watchlist.index", "watchlist", "w", ""),
    ("Portfolios", "portfolios.index", "portfolios", "p", ""),
    ("Backtest", "backtest.index", "backtest", "b", "Research"),
    ("Forecast", "forecast.index", "forecast", "f", "Research"),
    ("Events", "market.events", "events", "e", ""),
    ("Reports", "reports.index", "reports", "r", ""),
)
_ACCOUNT: Final = (
    ("Profile", "auth.profile"),
    ("Sessions", "auth.sessions"),
    ("API tokens", "auth.tokens"),
)
_ADMIN: Final = (("Administration", "admin.index"),)
_FOOTER: Final = (("API", "docs.api_docs"), ("Problem codes", "docs.problems"))


class NavItem(NamedTuple):
    """One link of the rail, and whether the page shown belongs to it."""

    label: str
    url: str
    icon: str
    key: str
    group: str
    active: bool


def nav_items() -> tuple[NavItem, ...]:
    """The rail."""
    items = []
    for label, endpoint, icon, key, group in _RAIL:
        url = url_or_none(endpoint)
        if url is not None:
            inside = f"{url.rstrip('/')}/"
            active = request.path == url or (url != "/" and request.path.startswith(inside))
            items.append(NavItem(label, url, icon, key, group, active))
    return tuple(items)


def _links(pairs: tuple[tuple[str, str], ...]) -> list[dict[str, str]]:
    found = ((label, url_or_none(endpoint)) for label, endpoint in pairs)
    return [{"label": label, "url": url} for label, url in found if url]


def _account() -> dict[str, Any] | None:
    if not current_user.is_authenticated:
        return None
    return {
        "name": current_user.username,
        "links": _links(_ACCOUNT + (_ADMIN if current_user.is_admin else ())),
        "logout_url": url_or_none("auth.logout") or "/",
    }


def _frame() -> dict[str, Any]:
    """Variables of `_shell.html` and what it includes."""
    login, register = url_or_none("auth.login"), url_or_none("auth.register")
    public = [("Log in", login, False), ("Open an account", register, True)]
    return {
        "nav_items": nav_items(),
        "home_url": url_or_none("desk.home") or "/",
        "login_url": login,
        "account": _account(),
        "public_items": [{"label": t, "url": u, "primary": p} for t, u, p in public if u],
        "footer_items": _links(_FOOTER),
    }


def init_app(app: Flask) -> None:
    """Give every template what the frame needs."""
    app.context_processor(_frame)
