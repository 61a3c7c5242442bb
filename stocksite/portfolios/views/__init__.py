"""Pages of the portfolios room; each module adds its routes to `blueprint`.

books      the list, opening, settings, deleting, cash, the ledger's proof
overview   one portfolio: figures, positions, curve, and the poll that keeps them fresh
performance what it earned, with reasons; compare: side by side, and the leaderboard
lists      transactions, orders and daily values, as pages and CSV files
trade      the order ticket, its preview, canceling
"""

from __future__ import annotations

from flask import Blueprint
from sqlalchemy.orm import Session

from stocksite.auth.service import on_deleted, on_registered
from stocksite.core.actor import Actor
from stocksite.portfolios.service import books as portfolio_books

blueprint = Blueprint("portfolios", __name__, template_folder="../templates")


def _open_default(session: Session, actor: Actor) -> None:
    portfolio_books.open_default(session, actor)


on_registered.append(_open_default)
on_deleted.append(portfolio_books.archive_all)

from stocksite.portfolios.views import (  # noqa: E402  they add routes
    books,
    compare,
    lists,
    overview,
    performance,
    trade,
)

__all__ = ["blueprint", "books", "compare", "lists", "overview", "performance", "trade"]
