"""The panel's front page, the password, the settings and the audit."""

from __future__ import annotations

from flask import current_app, render_template, request, url_for
from werkzeug.wrappers import Response

from stocksite.admin import configuration, guard
from stocksite.admin.forms import ConfirmForm
from stocksite.admin.service import audit, overview
from stocksite.admin.views import blueprint
from stocksite.auth import identity
from stocksite.auth import service as auth
from stocksite.auth.navigation import safe_next
from stocksite.core.clock import wall_now
from stocksite.core.errors import DomainError, TooManyRequests, Unauthenticated
from stocksite.core.paging import PageRequest
from stocksite.version import __version__
from stocksite.web import htmx
from stocksite.web.extensions import db
from stocksite.web.pagination import page_path, page_request


@blueprint.get("/")
def index() -> str:
    """The site in figures, and the latest changes."""
    session, now = db.session(), wall_now()
    return render_template(
        "admin/index.html",
        site=overview.of(session, now),
        now=now,
        version=__version__,
        changes=audit.trail(session, PageRequest(1, 8)).results,
    )


@blueprint.route("/confirm", methods=["GET", "POST"])
def confirm() -> Response | tuple[str, int] | str:
    """The password again, before a change; wrong ones count against the same limit as a login."""
    form, target = ConfirmForm(), _target()
    if request.method == "GET":
        return render_template("admin/confirm.html", form=form, next=target)
    if not form.validate():
        return render_template("admin/confirm.html", form=form, next=target), 422
    actor = guard.me()
    try:
        auth.authenticate(
            db.session(),
            identity.throttle(),
            username=actor.username,
            password=form.password.data or "",
            address=identity.client_address(),
            now=wall_now(),
        )
    except DomainError as error:
        if isinstance(error, Unauthenticated):
            form.password.errors = ["This is not your password."]
        else:
            form.show(error)
        page = render_template("admin/confirm.html", form=form, next=target)
        return page, 429 if isinstance(error, TooManyRequests) else max(error.status, 422)
    identity.log_in(actor)
    return htmx.hx_redirect(request, target)


def _target() -> str:
    wanted = safe_next(request.values.get("next"))
    return wanted if wanted and wanted.startswith("/admin") else url_for(".index")


@blueprint.get("/settings")
def settings() -> str:
    """The settings in force; secrets are masked."""
    found = configuration.lines(current_app.extensions["settings"])
    return render_template("admin/settings.html", lines=found)


@blueprint.get("/audit")
def trail() -> str:
    """Every change, newest first."""
    subject = request.args.get("subject", "").strip()[:120]
    page = audit.trail(db.session(), page_request(), subject)
    return render_template(
        "admin/audit.html",
        changes=page.results,
        page_view=guard.paged(page),
        page_url=page_path,
        subject=subject,
    )
