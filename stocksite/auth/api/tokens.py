"""Personal tokens."""

from __future__ import annotations

from typing import Annotated, Literal

from flask import url_for
from pydantic import Field
from sqlalchemy.orm import Session

from stocksite.auth import service
from stocksite.auth.api import blueprint
from stocksite.auth.api.inputs import LabelIn
from stocksite.auth.readmodels import NewToken, TokenRead
from stocksite.core.actor import Actor
from stocksite.core.clock import wall_now
from stocksite.core.paging import Page
from stocksite.web.api import Body, PageQuery, Reply, page_size


class TokenIn(Body):
    """A new personal token."""

    name: LabelIn
    scope: Literal["read", "write"] = "write"
    expires_in_days: Annotated[int, Field(ge=1, le=3_650)] | None = None


@blueprint.operation(
    "GET",
    "/tokens/",
    summary="List personal tokens",
    tag="Tokens",
    query=PageQuery,
    returns=Page[TokenRead],
)
def list_tokens(session: Session, actor: Actor, query: PageQuery) -> Page[TokenRead]:
    """Your tokens, newest first, without their secrets."""
    return service.list_tokens(session, actor, query.request(page_size()), now=wall_now())


@blueprint.operation(
    "POST",
    "/tokens/",
    summary="Make a personal token",
    tag="Tokens",
    body=TokenIn,
    returns=NewToken,
    status=201,
    creates=True,
    example={"name": "notebook", "scope": "read", "expires_in_days": 90},
)
def create_token(session: Session, actor: Actor, body: TokenIn) -> Reply[NewToken]:
    """Make a token. `token` in the answer is the secret; it is never shown again."""
    made = service.create_token(session, actor, **body.model_dump(), now=wall_now())
    return Reply(made, location=url_for("auth_api.get_token", token_id=made.id))


@blueprint.operation(
    "GET",
    "/tokens/<int:token_id>/",
    summary="One personal token",
    tag="Tokens",
    returns=TokenRead,
)
def get_token(session: Session, actor: Actor, token_id: int) -> TokenRead:
    """A token without its secret."""
    return service.get_token(session, actor, token_id, now=wall_now())


@blueprint.operation(
    "DELETE", "/tokens/<int:token_id>/", summary="Revoke a personal token", tag="Tokens"
)
def revoke_token(session: Session, actor: Actor, token_id: int) -> None:
    """The token stops working at once."""
    service.revoke_token(session, actor, token_id)
