"""Registration and one's own account."""

from __future__ import annotations

from typing import Literal

from flask import url_for
from sqlalchemy.orm import Session

from stocksite.auth import identity, service
from stocksite.auth.api import blueprint
from stocksite.auth.api.inputs import AnyPasswordIn, EmailIn, NameIn, PasswordIn, UsernameIn, ZoneIn
from stocksite.auth.readmodels import Profile
from stocksite.core.actor import Actor
from stocksite.core.clock import wall_now
from stocksite.web.api import Body, Reply


class RegisterIn(Body):
    """A new account."""

    username: UsernameIn
    email: EmailIn
    password: PasswordIn
    first_name: NameIn = ""
    last_name: NameIn = ""


class ProfilePatch(Body):
    """What may be changed; what is left out stays."""

    username: UsernameIn = ""
    email: EmailIn = ""
    first_name: NameIn = ""
    last_name: NameIn = ""
    time_zone: ZoneIn = ""
    theme: Literal["system", "light", "dark"] = "system"
    gain_colors: Literal["green", "blue"] = "green"


class ConfirmIn(Body):
    """The password once more."""

    password: AnyPasswordIn


@blueprint.operation(
    "POST",
    "/users/",
    summary="Register",
    tag="Account",
    body=RegisterIn,
    returns=Profile,
    status=201,
    creates=True,
    errors=(503,),
    auth=False,
    example={
        "username": "ada",
        "email": "ada@example.com",
        "password": "four unrelated small words",
    },
)
def register(session: Session, body: RegisterIn) -> Reply[Profile]:
    """Open an account. It comes with a portfolio of 100,000.00 in virtual cash.

    The answer does not tell whether the e-mail address is already known.
    """
    identity.throttle().registration(identity.client_address())
    actor = service.register(session, **body.model_dump(), now=wall_now())
    return Reply(service.get_profile(session, actor), location=url_for("auth_api.get_me"))


@blueprint.operation("GET", "/users/me/", summary="Your account", tag="Account", returns=Profile)
def get_me(session: Session, actor: Actor) -> Profile:
    """The account behind the credentials."""
    return service.get_profile(session, actor)


@blueprint.operation(
    "PATCH",
    "/users/me/",
    summary="Change your account",
    tag="Account",
    body=ProfilePatch,
    returns=Profile,
    example={"first_name": "Ada", "time_zone": "Europe/Berlin"},
)
def patch_me(session: Session, actor: Actor, body: ProfilePatch) -> Profile:
    """Change some fields; the others stay as they are."""
    return service.update_profile(session, actor, body.model_dump(exclude_unset=True))


@blueprint.operation(
    "DELETE",
    "/users/me/",
    summary="Delete your account",
    tag="Account",
    body=ConfirmIn,
    errors=(503,),
)
def delete_me(session: Session, actor: Actor, body: ConfirmIn) -> None:
    """Close the account for good. Personal data is emptied, sessions and tokens end at once."""
    ended = service.delete_account(
        session,
        identity.throttle(),
        actor,
        password=body.password,
        address=identity.client_address(),
        now=wall_now(),
    )
    identity.forget_sessions(identity.redis(), ended)
