"""Portfolios themselves, what they hold, their cash, and the ledger's proof."""

from __future__ import annotations

from typing import TypeVar

from flask import url_for
from sqlalchemy.orm import Session

from stocksite.core.actor import Actor
from stocksite.core.clock import wall_now
from stocksite.core.paging import Page, PageRequest
from stocksite.market import fragments
from stocksite.portfolios.api import blueprint
from stocksite.portfolios.api.schemas import CashMove, PortfolioChanges, PortfolioIn
from stocksite.portfolios.entries import TransactionType
from stocksite.portfolios.reading import (
    PortfolioView,
    PositionView,
    TransactionView,
    Verification,
)
from stocksite.portfolios.service import books, cash, history, proof, reads
from stocksite.portfolios.service.books import BookSettings
from stocksite.web.api import PageQuery, Reply, page_size

Row = TypeVar("Row")


@blueprint.operation(
    "GET",
    "/portfolios/",
    summary="List your portfolios",
    tag="Portfolios",
    query=PageQuery,
    returns=Page[PortfolioView],
)
def list_portfolios(session: Session, actor: Actor, query: PageQuery) -> Page[PortfolioView]:
    """All portfolios with what they are worth now, the default one first."""
    found = reads.portfolios(session, actor, fragments.state())
    return _page_of(found, query.request(page_size()))


@blueprint.operation(
    "POST",
    "/portfolios/",
    summary="Open a portfolio",
    tag="Portfolios",
    body=PortfolioIn,
    returns=PortfolioView,
    status=201,
    errors=(409,),
    creates=True,
    example={"name": "Long run", "starting_cash": "25000.00", "commission_pct": "0.1"},
)
def open_portfolio(session: Session, actor: Actor, body: PortfolioIn) -> Reply[PortfolioView]:
    """The starting cash is posted as the first deposit."""
    made = books.open_portfolio(session, actor, BookSettings(**dict(body)))
    view = reads.portfolio(session, actor, made.id, fragments.state())
    return Reply(view, location=url_for(".get_portfolio", portfolio_id=made.id))


@blueprint.operation(
    "GET",
    "/portfolios/<int:portfolio_id>/",
    summary="One portfolio",
    tag="Portfolios",
    returns=PortfolioView,
)
def get_portfolio(session: Session, actor: Actor, portfolio_id: int) -> PortfolioView:
    """Settings, cash, and what it is worth and has earned at the market's time."""
    return reads.portfolio(session, actor, portfolio_id, fragments.state())


@blueprint.operation(
    "PATCH",
    "/portfolios/<int:portfolio_id>/",
    summary="Change a portfolio",
    tag="Portfolios",
    body=PortfolioChanges,
    returns=PortfolioView,
    errors=(409,),
    example={"name": "Longer run"},
)
def change_portfolio(
    session: Session, actor: Actor, portfolio_id: int, body: PortfolioChanges
) -> PortfolioView:
    """Starting cash and cost method are fixed once a portfolio is open."""
    changes = {name: getattr(body, name) for name in body.model_fields_set}
    books.edit(session, actor, portfolio_id, changes)
    return reads.portfolio(session, actor, portfolio_id, fragments.state())


@blueprint.operation(
    "DELETE",
    "/portfolios/<int:portfolio_id>/",
    summary="Delete a portfolio",
    tag="Portfolios",
)
def delete_portfolio(session: Session, actor: Actor, portfolio_id: int) -> None:
    """It is archived: gone for you, its ledger kept. Waiting orders are canceled."""
    books.archive(session, actor, portfolio_id, None, wall_now())


@blueprint.operation(
    "GET",
    "/portfolios/<int:portfolio_id>/positions/",
    summary="What a portfolio holds",
    tag="Portfolios",
    query=PageQuery,
    returns=Page[PositionView],
)
def list_positions(
    session: Session, actor: Actor, portfolio_id: int, query: PageQuery
) -> Page[PositionView]:
    """Positions at the last prices, most valuable first."""
    view = reads.portfolio(session, actor, portfolio_id, fragments.state())
    return _page_of(reads.positions(session, view), query.request(page_size()))


@blueprint.operation(
    "POST",
    "/portfolios/<int:portfolio_id>/cash/",
    summary="Deposit or withdraw",
    tag="Portfolios",
    body=CashMove,
    returns=TransactionView,
    status=201,
    creates=True,
    example={"type": "deposit", "amount": "1000.00"},
)
def move_cash(session: Session, actor: Actor, portfolio_id: int, body: CashMove) -> TransactionView:
    """A withdrawal takes at most what no waiting order holds."""
    posted = cash.move(session, actor, portfolio_id, TransactionType(body.type), body.amount)
    return history.transaction(session, actor, portfolio_id, posted.id)


@blueprint.operation(
    "GET",
    "/portfolios/<int:portfolio_id>/verify/",
    summary="Prove the ledger",
    tag="Portfolios",
    returns=Verification,
)
def verify_ledger(session: Session, actor: Actor, portfolio_id: int) -> Verification:
    """Replays every transaction and compares with what is stored; `ok` when all is equal."""
    return proof.verify(session, actor, portfolio_id)


def _page_of(rows: list[Row], request: PageRequest) -> Page[Row]:
    shown = rows[request.offset : request.offset + request.size]
    return Page(tuple(shown), len(rows), request)
