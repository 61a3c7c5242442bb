"""Pages of the watchlist room; each module adds its routes to `blueprint`.

items           the list, its polling fragment, the small forms that change it
notifications   what levels led to, the bell of every page, where else to be told
"""

from __future__ import annotations

from flask import Blueprint
from flask_login import current_user

from stocksite.auth.service import on_deleted
from stocksite.core.actor import Actor
from stocksite.watchlist import service

blueprint = Blueprint("watchlist", __name__, template_folder="../templates")

on_deleted.append(service.forget)


def me() -> Actor:
    """The Actor behind `current_user`; call it behind `login_required`."""
    actor: Actor = current_user._get_current_object()
    return actor


from stocksite.watchlist.views import items, notifications  # noqa: E402  they add routes

__all__ = ["blueprint", "items", "me", "notifications"]
