"""What a person proves themselves with: the password, and tokens for scripts."""

from __future__ import annotations

from typing import Any

from flask import flash, render_template, request, url_for
from flask_login import login_required
from werkzeug.wrappers import Response

from stocksite.auth import identity, service
from stocksite.auth.forms import PasswordForm, TokenForm
from stocksite.auth.views import blueprint
from stocksite.auth.views.answers import go_on, me, show_again, show_form
from stocksite.core.clock import wall_now
from stocksite.core.errors import DomainError
from stocksite.web import htmx
from stocksite.web.extensions import db


@blueprint.route("/profile/password", methods=["GET", "POST"])
@login_required
def password() -> Response:
    """Change the password. Every session ends; this browser gets a new one."""
    actor, form = me(), PasswordForm()
    if request.method == "GET":
        return show_form("password", form=form, username=actor.username)
    if not form.validate():
        return show_again("password", form, username=actor.username)
    try:
        ended = service.change_password(
            db.session(),
            identity.throttle(),
            actor,
            current=form.current_password.data or "",
            new=form.new_password.data or "",
            revoke_tokens=form.revoke_tokens.data,
            address=identity.client_address(),
        )
    except DomainError as error:
        return show_again("password", form, error, username=actor.username)
    identity.forget_sessions(identity.redis(), ended)
    identity.log_in(actor)
    flash("Your password is changed. Every other browser is logged out.", "success")
    return go_on(url_for("auth.password"))


@blueprint.route("/profile/tokens", methods=["GET", "POST"])
@login_required
def tokens() -> Response:
    """The tokens, and the form for a new one.

    A POST answers with the page itself: the secret is shown once and must not be kept anywhere
    in between, so there is no redirect to carry it over.
    """
    form = TokenForm()
    if request.method == "GET":
        return show_form("tokens", form=form, **_tokens())
    if not form.validate():
        return show_again("tokens", form, **_tokens())
    days = form.expires_in_days.data
    try:
        made = service.create_token(
            db.session(),
            me(),
            name=form.name.data or "",
            scope=form.scope.data,
            expires_in_days=int(days) if days else None,
            now=wall_now(),
        )
    except DomainError as error:
        return show_again("tokens", form, error, **_tokens())
    return show_form("tokens", form=TokenForm(formdata=None), made=made, **_tokens())


@blueprint.post("/profile/tokens/<int:token_id>/revoke")
@login_required
def revoke_token(token_id: int) -> Response:
    """Remove a token; scripts that use it get 401 from now on."""
    service.revoke_token(db.session(), me(), token_id)
    message = "The token is revoked. Scripts that use it are refused from now on."
    if htmx.is_partial(request):
        word = render_template("auth/_said.html", message=message)
        page = render_template("auth/_tokens.html", form=TokenForm(formdata=None), **_tokens())
        return htmx.fragment(page, htmx.hx_partial("#flash", word))
    flash(message, "success")
    return go_on(url_for("auth.tokens"))


def _tokens() -> dict[str, Any]:
    return {"tokens": service.list_tokens(db.session(), me(), now=wall_now()).results}
