"""What a person keeps about themselves: profile, sessions, and the end of the account."""

from __future__ import annotations

from flask import flash, render_template, request, url_for
from flask_login import login_required
from werkzeug.wrappers import Response

from stocksite.auth import identity, service
from stocksite.auth.forms import DeleteForm, ProfileForm
from stocksite.auth.views import blueprint
from stocksite.auth.views.answers import account_tabs, go_on, home_page, me, show_again, show_form
from stocksite.core.clock import wall_now
from stocksite.core.errors import DomainError
from stocksite.web import htmx
from stocksite.web.extensions import db

_CHANGEABLE = (
    *("username", "email", "first_name", "last_name"),
    *("time_zone", "theme", "gain_colors"),
)


@blueprint.route("/profile", methods=["GET", "POST"])
@login_required
def profile() -> Response:
    """Name, address, zone and colors."""
    actor, session = me(), db.session()
    if request.method == "GET":
        found = service.get_profile(session, actor)
        return show_form("profile", form=ProfileForm(obj=found), profile=found)
    form = ProfileForm()
    if not form.validate():
        return show_again("profile", form, profile=service.get_profile(session, actor))
    try:
        changes = {name: form[name].data or "" for name in _CHANGEABLE}
        saved = service.update_profile(session, actor, changes)
    except DomainError as error:
        return show_again("profile", form, error, profile=service.get_profile(session, actor))
    flash("Your profile is saved.", "success")
    response = go_on(url_for("auth.profile"))
    return identity.remember_appearance(response, saved.theme, saved.gain_colors)


@blueprint.get("/profile/sessions")
@login_required
def sessions() -> str:
    """The browsers that are logged in."""
    return _sessions("auth/sessions.html")


@blueprint.post("/profile/sessions/<int:session_id>/end")
@login_required
def end_session(session_id: int) -> Response:
    """Log one of one's browsers out; ending the current one is logging out."""
    actor = me()
    if session_id == actor.session_id:
        identity.log_out()
        flash("You are logged out.", "success")
        return go_on(home_page())
    ended = service.end_session(db.session(), actor, session_id)
    identity.forget_sessions(identity.redis(), ended)
    return _sessions_changed("That session has ended.")


@blueprint.post("/profile/sessions/end-others")
@login_required
def end_other_sessions() -> Response:
    """Log every browser out but this one."""
    ended = service.end_other_sessions(db.session(), me())
    identity.forget_sessions(identity.redis(), ended)
    count = len(ended)
    return _sessions_changed(
        f"{count} other {'session has' if count == 1 else 'sessions have'} ended."
    )


@blueprint.route("/profile/delete", methods=["GET", "POST"])
@login_required
def delete_account() -> Response:
    """Close the account: password and typed username, because it cannot be undone."""
    actor, form = me(), DeleteForm()
    if request.method == "GET":
        return show_form("delete", form=form, username=actor.username)
    fits = form.validate()
    if fits and form.confirm.data != actor.username:
        form.confirm.errors = [f"This does not match. Your username is {actor.username}."]
        fits = False
    if not fits:
        return show_again("delete", form, username=actor.username)
    try:
        ended = service.delete_account(
            db.session(),
            identity.throttle(),
            actor,
            password=form.password.data or "",
            address=identity.client_address(),
            now=wall_now(),
        )
    except DomainError as error:
        return show_again("delete", form, error, username=actor.username)
    identity.forget_sessions(identity.redis(), ended)
    identity.log_out()
    flash("Your account is deleted and its personal data is gone.", "success")
    return go_on(home_page())


def _sessions(template: str) -> str:
    return render_template(
        template,
        account_tabs=account_tabs(),
        sessions=service.list_sessions(db.session(), me(), now=wall_now()),
    )


def _sessions_changed(message: str) -> Response:
    """The list as it is now, with a word about what happened."""
    if htmx.is_partial(request):
        word = render_template("auth/_said.html", message=message)
        return htmx.fragment(_sessions("auth/_sessions.html"), htmx.hx_partial("#flash", word))
    flash(message, "success")
    return go_on(url_for("auth.sessions"))
