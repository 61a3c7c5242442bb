"""Every kind of failure, behind one operation and one page."""

from __future__ import annotations

from flask import Blueprint, abort
from flask_login import login_required
from flask_wtf.csrf import generate_csrf
from sqlalchemy import text
from sqlalchemy.orm import Session

from stocksite.core import errors
from stocksite.web.api import ApiBlueprint, Query
from stocksite.web.extensions import db

blueprint = ApiBlueprint("failing_api", __name__)
pages = Blueprint("probe_pages", __name__)


class FailQuery(Query):
    kind: str


FAILURES: dict[str, Exception] = {
    "bad": errors.BadRequest("Cannot be read."),
    "missing": errors.NotFound("There is no portfolio 7 of yours."),
    "conflict": errors.Conflict("The order is final."),
    "invalid": errors.InvalidInput.of_field("quantity", "The smallest value accepted is 1."),
    "many": errors.TooManyRequests("Wait 30 s.", retry_after_s=30),
    "away": errors.ProviderUnavailable("The source is away."),
    "crash": ZeroDivisionError("a secret in a message"),
    "login": errors.Unauthenticated("Log in first."),
}


def _fail(session: Session, kind: str) -> None:
    if kind == "range":
        session.execute(text("SELECT CAST('99999999999' AS integer)"))
    if kind == "lock":
        session.execute(text("DO $$BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '55P03'; END$$"))
    raise FAILURES[kind]


@blueprint.operation(
    "GET",
    "/fail/",
    summary="Fail",
    tag="Probes",
    query=FailQuery,
    returns=dict[str, bool],
    errors=(400, 401, 404, 409, 422, 429, 503),
    auth=False,
)
def fail(session: Session, query: FailQuery) -> None:
    _fail(session, query.kind)


@pages.get("/page/fail/<kind>")
def page_fail(kind: str) -> str:
    if kind.isdigit():
        abort(int(kind))
    _fail(db.session(), kind)
    return ""


@pages.get("/page/private")
@login_required  # type: ignore[untyped-decorator]
def private() -> str:
    return "private"


@pages.post("/page/form")
def form() -> str:
    return "taken"


@pages.get("/page/token")
def token() -> str:
    return str(generate_csrf())
