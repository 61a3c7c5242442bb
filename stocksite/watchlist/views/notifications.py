"""What levels led to: the bell of every page, the list, and where else to be told."""

from __future__ import annotations

from typing import Any

from flask import current_app, flash, g, render_template, request, url_for
from flask_login import current_user, login_required
from redis import Redis
from werkzeug.local import LocalProxy
from werkzeug.wrappers import Response

from stocksite.auth.identity import polling_user_id
from stocksite.auth.views.answers import account_tabs
from stocksite.core.clock import wall_now
from stocksite.core.errors import DomainError
from stocksite.settings import Settings
from stocksite.watchlist.forms import ChannelsForm
from stocksite.watchlist.reading import Bell, NotificationView
from stocksite.watchlist.service import channels, notifications
from stocksite.watchlist.service.notifications import NotificationFilter
from stocksite.watchlist.views import blueprint, me
from stocksite.web import htmx
from stocksite.web.extensions import db
from stocksite.web.pagination import page_path, page_request


@blueprint.app_context_processor
def shell() -> dict[str, Any]:
    """`bell` and `bell_url` for the top bar of every page: one read of Redis, no SQL."""
    return {"bell": LocalProxy(_shown_bell), "bell_url": url_for("watchlist.bell")}


def _redis() -> Redis | None:
    redis: Redis | None = current_app.extensions.get("redis")
    return redis


def _shown_bell() -> Bell | None:
    """None when the count is not at hand: the bell then asks for it by itself. Read once a page."""
    if "bell" not in g:
        known = current_user.is_authenticated
        g.bell = notifications.known_bell(_redis(), current_user.user_id) if known else None
    shown: Bell | None = g.bell
    return shown


@blueprint.get("/notifications/bell")
def bell() -> Response:
    """The bell, for polling, with the news as toasts; an unchanged one costs two Redis reads."""
    user_id = polling_user_id()
    if user_id is None:
        return htmx.hx_redirect(request, url_for("auth.login"))
    redis = _redis()
    now = notifications.known_bell(redis, user_id)
    if now is None:
        now = notifications.read_bell(db.session(), redis, me())
    unchanged = htmx.not_modified(request, now.tag)
    if unchanged is not None:
        return unchanged
    parts = [render_template("_bell.html", bell=now)]
    toasts = [render_template("watchlist/_told.html", row=row) for row in _news(now)]
    if toasts:
        parts.append(str(htmx.hx_partial("#flash", "".join(toasts), "append")))
    return htmx.fragment(*parts, ptag=now.tag)


def _news(now: Bell) -> list[NotificationView]:
    """What came since the bell the page holds; a page that held none has just been opened."""
    last = request.headers.get("HX-PTag", "").rpartition(".")[2]
    if not last.isdecimal() or len(last) > 18 or int(last) >= now.last_id:
        return []
    return notifications.news(db.session(), me(), int(last))


@blueprint.get("/notifications")
@login_required
def notification_list() -> str:
    """Everything that was told, newest first."""
    unread_only = request.args.get("show") == "unread"
    page = notifications.listed(
        db.session(), me(), page_request(), NotificationFilter(unread=True if unread_only else None)
    )
    return render_template(
        "watchlist/notifications.html",
        rows=page.results,
        unread_only=unread_only,
        page_url=page_path,
        page_view={
            "page": page.request.number,
            "pages": page.pages,
            "total": page.count,
            "per_page": page.request.size,
        },
    )


@blueprint.post("/notifications/<int:notification_id>/read")
@login_required
def mark_read(notification_id: int) -> Response:
    """Mark one notification as read, or as unread again."""
    read = request.form.get("read", "1") != "0"
    row = notifications.mark(db.session(), me(), notification_id, read, wall_now())
    if htmx.is_partial(request):
        text = render_template("watchlist/_notification.html", row=row)
        return htmx.fragment(text, events={"notifications:changed": {}})
    return htmx.hx_redirect(request, url_for(".notification_list"))


@blueprint.post("/notifications/read")
@login_required
def mark_all_read() -> Response:
    """Mark everything as read."""
    count = notifications.mark_all(db.session(), me(), wall_now())
    if count:
        flash(f"{count} marked as read.", "success")
    return htmx.hx_redirect(request, url_for(".notification_list"))


@blueprint.route("/profile/notifications", methods=["GET", "POST"])
@login_required
def channel_settings() -> Response | tuple[str, int]:
    """E-mail and webhook."""
    current = channels.get(db.session(), me())
    form, status = ChannelsForm(obj=current), 200
    if request.method == "POST":
        status = 422
        if form.validate():
            try:
                channels.change(
                    db.session(),
                    me(),
                    by_email=bool(form.by_email.data),
                    webhook_url=form.webhook_url.data or "",
                )
            except DomainError as error:
                form.show(error)
            else:
                flash("Saved.", "success")
                return htmx.hx_redirect(request, url_for(".channel_settings"))
    settings: Settings = current_app.extensions["settings"]
    page = render_template(
        "watchlist/channels.html",
        form=form,
        current=current,
        mail_works=bool(settings.smtp_url),
        account_tabs=account_tabs(),
    )
    return page, status
