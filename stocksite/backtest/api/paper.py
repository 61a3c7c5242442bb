"""Strategies on paper: attach, pause, detach, and how they compare with their backtest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

from flask import url_for
from sqlalchemy.orm import Session

from stocksite.backtest.api import blueprint
from stocksite.backtest.api.schemas import PaperIn
from stocksite.backtest.comparing import ParityRow
from stocksite.backtest.reading import AttachedView
from stocksite.backtest.service import attached, parity
from stocksite.core.actor import Actor
from stocksite.web.api import Body, Reply


@dataclass(frozen=True)
class AttachedOut:
    """A strategy that trades a portfolio. `started_on` is the close it first decided at."""

    id: int
    portfolio: int
    portfolio_name: str
    backtest: int | None
    strategy: str
    symbols: list[str]
    parameters: dict[str, Any]
    status: str
    """`active`, `paused` or `detached`."""
    started_on: date
    starting_cash: Decimal
    created_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True)
class ParityOut:
    """Expected against actual at the last close both know; `difference` = actual - expected."""

    attached: AttachedOut
    as_of: date | None
    expected: Decimal | None
    actual: Decimal | None
    difference: Decimal | None
    divergences: int
    rows: list[ParityRow]
    pending: list[ParityRow]
    """Trades of a session that has not closed yet."""
    notes: list[str]


class StateIn(Body):
    """What an attached strategy shall do."""

    status: Literal["active", "paused"]


@blueprint.operation(
    "POST",
    "/backtests/<int:run_id>/attach/",
    summary="Trade a strategy on paper",
    tag="Backtests",
    body=PaperIn,
    returns=AttachedOut,
    status=201,
    creates=True,
    errors=(409, 503),
    example={"portfolio": 2},
)
def attach(session: Session, actor: Actor, run_id: int, body: PaperIn) -> Reply[Mapping[str, Any]]:
    """From the next open on, after each close it places its orders in the portfolio."""
    made = attached.attach(session, actor, run_id, body.portfolio)
    return Reply(_told(made), location=url_for(".get_attached", attached_id=made.id))


@blueprint.operation(
    "GET",
    "/backtests/attached/",
    summary="List strategies on paper",
    tag="Backtests",
    returns=list[AttachedOut],
)
def list_attached(session: Session, actor: Actor) -> list[Mapping[str, Any]]:
    """Those that trade first."""
    return [_told(each) for each in attached.listed(session, actor)]


@blueprint.operation(
    "GET",
    "/backtests/attached/<int:attached_id>/",
    summary="Expected against actual",
    tag="Backtests",
    returns=ParityOut,
)
def get_attached(session: Session, actor: Actor, attached_id: int) -> Mapping[str, Any]:
    """Each trade as its backtest expects it and as it happened, every divergence named."""
    found = parity.parity(session, actor, attached_id)
    return {
        "attached": _told(found.attached),
        "as_of": found.as_of,
        "expected": found.expected,
        "actual": found.actual,
        "difference": found.difference,
        "divergences": found.divergences,
        "rows": found.rows,
        "pending": found.pending,
        "notes": found.notes,
    }


@blueprint.operation(
    "PATCH",
    "/backtests/attached/<int:attached_id>/",
    summary="Pause or resume",
    tag="Backtests",
    body=StateIn,
    returns=AttachedOut,
    errors=(409,),
)
def change_attached(
    session: Session, actor: Actor, attached_id: int, body: StateIn
) -> Mapping[str, Any]:
    """A paused strategy decides nothing; orders that wait still fill."""
    return _told(attached.set_paused(session, actor, attached_id, body.status == "paused"))


@blueprint.operation(
    "DELETE",
    "/backtests/attached/<int:attached_id>/",
    summary="Detach a strategy",
    tag="Backtests",
    errors=(409,),
)
def detach(session: Session, actor: Actor, attached_id: int) -> None:
    """Cancels its waiting orders; positions stay in the portfolio."""
    attached.detach(session, actor, attached_id)


def _told(each: AttachedView) -> Mapping[str, Any]:
    return {
        "id": each.id,
        "portfolio": each.portfolio_id,
        "portfolio_name": each.portfolio_name,
        "backtest": each.run_id,
        "strategy": each.ask.strategy,
        "symbols": list(each.ask.symbols),
        "parameters": dict(each.ask.parameters),
        "status": each.status,
        "started_on": each.started_on,
        "starting_cash": each.cash,
        "created_at": each.created_at,
        "ended_at": each.ended_at,
    }
