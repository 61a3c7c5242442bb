"""JWTs, in the shapes of simplejwt."""

from __future__ import annotations

from typing import Annotated, Any

from flask import g
from pydantic import BeforeValidator, Field
from sqlalchemy.orm import Session

from stocksite.auth import identity, service
from stocksite.auth.api import blueprint
from stocksite.auth.readmodels import TokenPair
from stocksite.auth.service import BearerRefusal
from stocksite.core.clock import wall_now
from stocksite.core.errors import Unauthenticated
from stocksite.web.api import Body, refuse


def _given(value: Any) -> Any:
    """What existing clients expect to read when a credential is missing."""
    if value is None:
        raise refuse("This field may not be null.")
    if isinstance(value, str) and not value.strip():
        raise refuse("This field may not be blank.")
    return value


Credential = Annotated[str, BeforeValidator(_given), Field(min_length=1)]


class LoginIn(Body):
    """Username and password."""

    username: Credential
    password: Credential


class RefreshIn(Body):
    """A refresh token."""

    refresh: Credential


class VerifyIn(Body):
    """A token of either type."""

    token: Credential


class _Access(Body):
    """A new access token."""

    access: str


class _Nothing(Body):
    """An empty object: the token is good."""


def _refused(detail: str, code: str | None = None) -> Unauthenticated:
    g.pop("auth_failure", None)  # a stale Authorization header is not what this is about
    return Unauthenticated(detail, members={"code": code} if code else None)


@blueprint.operation(
    "POST",
    "/token/",
    summary="Get JWTs",
    tag="Tokens",
    body=LoginIn,
    returns=TokenPair,
    errors=(401, 503),
    auth=False,
    raw_errors=True,
    example={"username": "ada", "password": "four unrelated small words"},
)
def obtain_tokens(session: Session, body: LoginIn) -> TokenPair:
    """A refresh token for a day and an access token for five minutes."""
    now = wall_now()
    try:
        actor = service.authenticate(
            session,
            identity.throttle(),
            username=body.username.strip(),
            password=body.password,
            address=identity.client_address(),
            now=now,
            via="jwt",
        )
    except Unauthenticated:
        raise _refused("No active account found with the given credentials") from None
    return service.issue_tokens(session, actor, key=identity.jwt_key(), now=now)


@blueprint.operation(
    "POST",
    "/token/refresh/",
    summary="Get the next access token",
    tag="Tokens",
    body=RefreshIn,
    returns=_Access,
    errors=(401,),
    auth=False,
    raw_errors=True,
)
def refresh_token(session: Session, body: RefreshIn) -> dict[str, str]:
    """A new access token; the refresh token stays the same."""
    try:
        access = service.refresh_access(
            session, body.refresh, key=identity.jwt_key(), now=wall_now()
        )
    except BearerRefusal as refusal:
        if refusal.account:
            raise _refused(refusal.account[0]) from None
        raise _refused(refusal.reason, "token_not_valid") from None
    return {"access": access}


@blueprint.operation(
    "POST",
    "/token/verify/",
    summary="Check a JWT",
    tag="Tokens",
    body=VerifyIn,
    returns=_Nothing,
    errors=(401,),
    auth=False,
    raw_errors=True,
)
def verify_token(session: Session, body: VerifyIn) -> dict[str, str]:
    """An empty object when the token, of either type, would be honored now."""
    try:
        service.verify_token(session, body.token, key=identity.jwt_key(), now=wall_now())
    except BearerRefusal as refusal:
        raise _refused(refusal.reason, "token_not_valid") from None
    return {}
