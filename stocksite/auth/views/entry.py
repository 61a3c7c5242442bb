"""Register, log in, log out."""

from __future__ import annotations

from flask import flash, request
from flask_login import current_user
from werkzeug.wrappers import Response

from stocksite.auth import identity, service
from stocksite.auth.forms import LoginForm, RegisterForm
from stocksite.auth.views import blueprint
from stocksite.auth.views.answers import (
    go_on,
    home_page,
    show_again,
    show_form,
    start_page,
    wanted_page,
)
from stocksite.core.actor import Actor
from stocksite.core.clock import wall_now
from stocksite.core.errors import DomainError
from stocksite.web import appearance
from stocksite.web.extensions import db


@blueprint.route("/register", methods=["GET", "POST"])
def register() -> Response:
    """Open an account and enter with it.

    The answer does not depend on whether the e-mail address is known: see `service/accounts.py`.
    """
    if request.method == "GET" and current_user.is_authenticated:
        return go_on(wanted_page() or start_page())
    form = RegisterForm()
    if request.method == "GET":
        return show_form("register", form=form, next=wanted_page())
    if not form.validate():
        return show_again("register", form, next=wanted_page())
    try:
        identity.throttle().registration(identity.client_address())
        actor = service.register(
            db.session(),
            username=form.username.data or "",
            email=form.email.data or "",
            password=form.password.data or "",
            theme=appearance.theme(),
            gain_colors=appearance.gain(),
            now=wall_now(),
        )
    except DomainError as error:
        return show_again("register", form, error, next=wanted_page())
    response = _enter(actor)
    flash(f"Welcome, {actor.username}. Your account is open.", "success")
    return response


@blueprint.route("/login", methods=["GET", "POST"])
def login() -> Response:
    """Log in; wrong name, wrong password and closed account look the same."""
    if request.method == "GET" and current_user.is_authenticated:
        return go_on(wanted_page() or start_page())
    form = LoginForm()
    if request.method == "GET":
        return show_form("login", form=form, next=wanted_page())
    if not form.validate():
        return show_again("login", form, next=wanted_page())
    try:
        actor = service.authenticate(
            db.session(),
            identity.throttle(),
            username=form.username.data or "",
            password=form.password.data or "",
            address=identity.client_address(),
            now=wall_now(),
        )
    except DomainError as error:
        return show_again("login", form, error, next=wanted_page())
    return _enter(actor)


@blueprint.post("/logout")
def logout() -> Response:
    """Log out: the session's row goes, so a copy of the cookie is worth nothing."""
    identity.log_out()
    flash("You are logged out.", "success")
    return go_on(home_page())


def _enter(actor: Actor) -> Response:
    identity.log_in(actor)
    response = go_on(wanted_page() or start_page())
    return identity.remember_appearance(response, actor.theme, actor.gain_colors)
