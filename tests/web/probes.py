"""Operations and pages that exercise every promise of `stocksite.web.api`."""

from __future__ import annotations

import threading
import uuid
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import Field
from sqlalchemy import Column, MetaData, String, Table, insert, select, text
from sqlalchemy.orm import Session

from stocksite.core import errors, paging
from stocksite.core.actor import Actor
from stocksite.core.clock import wall_now
from stocksite.core.database import Utc
from stocksite.web.api import (
    ApiBlueprint,
    Body,
    CashIn,
    CashOrZeroIn,
    DayIn,
    MomentIn,
    MovePctIn,
    Page,
    PageQuery,
    PctIn,
    PriceIn,
    QuantityIn,
    Query,
    Reply,
    SymbolIn,
    Text,
    WholeIn,
    ordering,
    page_size,
)

blueprint = ApiBlueprint("probe_api", __name__)

ROWS = Table(
    "probe_row",
    MetaData(),
    Column("name", String, primary_key=True),
    Column("status", String),
    Column("created_at", Utc),
)

gate = threading.Event()
gate.set()


def insert_row(session: Session) -> str:
    """One effect in the database."""
    name = uuid.uuid4().hex
    session.execute(insert(ROWS).values(name=name, status="queued", created_at=wall_now()))
    return name


class PartIn(Body):
    weight: float = Field(ge=0, le=1)


class ProbeIn(Body):
    """Every kind of field."""

    name: Annotated[str, Text(20, 1)]
    cash: CashIn | None = None
    fee: CashOrZeroIn | None = None
    price: PriceIn | None = None
    quantity: QuantityIn | None = None
    pct: PctIn | None = None
    move: MovePctIn | None = None
    symbol: SymbolIn | None = None
    day: DayIn | None = None
    moment: MomentIn | None = None
    share: float | None = Field(None, ge=-10, le=10)
    count: int | None = Field(None, ge=0, le=100)
    flag: bool | None = None
    side: Literal["buy", "sell"] = "buy"
    parts: list[PartIn] = Field(default=[], max_length=3)
    fail: bool = False


class ProbeQuery(PageQuery):
    status: Literal["queued", "done"] | None = None
    from_: DayIn | None = Field(None, alias="from")
    since: MomentIn | None = None
    least: WholeIn | None = None
    ordering: str = ordering("created_at", "id", default="-created_at")


@dataclass(frozen=True)
class ProbeView:
    """What was read, as it will be sent."""

    id: str
    name: str
    cash: Decimal | None = None
    price: Decimal | None = None
    quantity: Decimal | None = None
    day: date | None = None
    moment: datetime | None = None
    share: float | None = None
    tags: tuple[str, ...] = field(default=())


@dataclass(frozen=True)
class RowView:
    id: str
    status: str
    created_at: datetime


@blueprint.operation(
    "POST",
    "/probes/",
    summary="Make a probe",
    tag="Probes",
    body=ProbeIn,
    returns=ProbeView,
    status=201,
    creates=True,
    example={"name": "one", "cash": "12.50"},
)
def create_probe(session: Session, actor: Actor, body: ProbeIn) -> Reply[ProbeView]:
    """Inserts one row, so that effects can be counted."""
    row = insert_row(session)
    gate.wait(20)
    if body.fail:
        raise errors.RuleViolation(
            "You asked for 12 shares; 10 are free.",
            code="insufficient-shares",
            members={"requested": Decimal("12.000000000"), "available": Decimal("10.000000000")},
        )
    view = ProbeView(
        row,
        body.name,
        body.cash,
        body.price,
        body.quantity,
        body.day,
        body.moment,
        body.share,
    )
    return Reply(view, location=f"/api/probes/{row}/")


@blueprint.operation(
    "POST",
    "/copies/",
    summary="Make a copy",
    tag="Probes",
    body=ProbeIn,
    returns=ProbeView,
    status=201,
    creates=True,
)
def create_copy(session: Session, actor: Actor, body: ProbeIn) -> Reply[ProbeView]:
    """The same under another address."""
    return create_probe(session, actor, body)


@blueprint.operation(
    "POST",
    "/strangers/",
    summary="Make a probe as nobody",
    tag="Probes",
    body=PartIn,
    returns=dict[str, Any],
    status=201,
    auth=False,
    creates=True,
)
def create_as_stranger(session: Session, body: PartIn) -> dict[str, Any]:
    return {"id": insert_row(session), "weight": body.weight}


@blueprint.operation(
    "GET",
    "/probes/",
    summary="List probes",
    tag="Probes",
    query=ProbeQuery,
    returns=Page[RowView],
)
def list_probes(session: Session, query: ProbeQuery) -> Page[RowView]:
    columns = {"created_at": ROWS.c.created_at, "id": ROWS.c.name}
    statement = select(ROWS).order_by(*paging.order_columns(query.ordering, columns), ROWS.c.name)
    if query.status:
        statement = statement.where(ROWS.c.status == query.status)
    return paging.paginate(
        session, statement, query.request(page_size()), lambda row: RowView(*row)
    )


@blueprint.operation(
    "GET", "/probes/<int:number>/", summary="A number", tag="Probes", returns=dict[str, int]
)
def get_number(session: Session, number: int) -> dict[str, int]:
    session.execute(text("SELECT CAST(:n AS bigint)"), {"n": number})
    return {"number": number}


@blueprint.operation("DELETE", "/probes/<int:number>/", summary="Delete", tag="Probes")
def delete_number(number: int) -> None:
    return None


@blueprint.operation(
    "GET", "/words/<word>/", summary="A word", tag="Probes", returns=dict[str, str], auth=False
)
def get_word(session: Session, word: str) -> dict[str, str]:
    return {"word": str(session.scalar(text("SELECT CAST(:w AS text)"), {"w": word}))}


class NoQuery(Query):
    number: WholeIn


@blueprint.operation(
    "GET",
    "/whoami/",
    summary="Who acts",
    tag="Probes",
    query=NoQuery,
    returns=dict[str, Any],
    auth="optional",
)
def whoami(actor: Actor | None, query: NoQuery) -> dict[str, Any]:
    return {"user": actor.user_id if actor else None, "number": query.number}


@blueprint.operation(
    "POST", "/words/refresh/", summary="A path of its own", tag="Probes", returns=dict[str, str]
)
def refresh_words() -> dict[str, str]:
    return {"word": "refreshed"}


@blueprint.operation(
    "POST",
    "/admin-only/",
    summary="Admins",
    tag="Probes",
    returns=dict[str, bool],
    admin=True,
)
def admin_only() -> dict[str, bool]:
    return {"ok": True}


@blueprint.operation(
    "POST", "/lies/", summary="An undocumented status", tag="Probes", returns=dict[str, bool]
)
def lies() -> None:
    raise errors.Conflict("Not in the list of errors.")


@blueprint.operation(
    "POST",
    "/plain/",
    summary="Plain errors",
    tag="Probes",
    body=ProbeIn,
    returns=dict[str, bool],
    errors=(401,),
    auth=False,
    raw_errors=True,
)
def plain(body: ProbeIn) -> dict[str, bool]:
    if body.fail:
        raise errors.Unauthenticated("No.", members={"code": "token_not_valid"})
    return {"ok": True}


@blueprint.operation(
    "GET",
    "/limited/",
    summary="Two per hour",
    tag="Probes",
    returns=dict[str, bool],
    limit="2 per hour",
)
def limited() -> dict[str, bool]:
    return {"ok": True}
