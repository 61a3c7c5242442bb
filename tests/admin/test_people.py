"""Keeping an account out, letting it in again, ending its sessions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask
from sqlalchemy.orm import Session

from stocksite.auth.service import create_token
from stocksite.core.actor import Actor
from stocksite.core.clock import wall_now
from tests.conftest import PASSWORD
from tests.site.world import MakeUser, Page, Script


def test_who_is_kept_out_is_out_at_once(
    app: Flask,
    session: Session,
    panel: Page,
    make_user: MakeUser,
    audit: Callable[[], list[Any]],
) -> None:
    eve = make_user("eve")
    token = create_token(session, eve, name="script", now=wall_now()).token
    session.commit()
    page, script = Page(app, eve), Script(app, token)
    jwt = {"username": "eve", "password": PASSWORD}
    access = app.test_client().post("/api/token/", json=jwt).json["access"]
    bearer = Script(app, access)
    here = f"/admin/people/{eve.user_id}"

    assert panel("POST", f"{here}/deactivate").headers["Location"] == here
    assert page("GET", "/dashboard").status_code == 303
    assert page("GET", "/watchlist/changes").status_code == 303
    assert script("GET", "/api/users/me/").status_code == 401
    assert bearer("GET", "/api/users/me/").status_code == 401
    assert app.test_client().post("/api/token/", json=jwt).status_code == 401
    assert "Kept out" in panel("GET", here).text
    assert panel("POST", f"{here}/deactivate").status_code == 409

    assert panel("POST", f"{here}/activate").status_code == 303
    assert script("GET", "/api/users/me/").status_code == 200
    assert bearer("GET", "/api/users/me/").status_code == 401
    assert page("GET", "/dashboard").status_code == 303
    Page(app, eve)

    told = [(row.actor, row.action, row.subject) for row in audit()]
    assert told == [
        ("root", "user.deactivated", f"user {eve.user_id}"),
        ("root", "user.activated", f"user {eve.user_id}"),
    ]
    assert audit()[0].detail == "eve; 1 session ended"
    assert audit()[0].address == "127.0.0.1"
    assert len(audit()[0].request_id) >= 8


def test_nobody_locks_themselves_out(
    panel: Page, root: Actor, audit: Callable[[], list[Any]]
) -> None:
    answer = panel("POST", f"/admin/people/{root.user_id}/deactivate")
    assert answer.status_code == 409
    assert "yourself" in answer.text
    assert panel("GET", "/admin/").status_code == 200
    assert audit() == []


def test_sessions_are_ended_one_by_one_or_all(
    app: Flask,
    panel: Page,
    make_user: MakeUser,
    audit: Callable[[], list[Any]],
) -> None:
    eve = make_user("eve")
    browsers = [Page(app, eve) for _ in range(3)]
    here = f"/admin/people/{eve.user_id}"
    text = panel("GET", here).text
    assert "End all 3 sessions" in text
    first = text.split('name="session" value="')[1].split('"')[0]
    panel("POST", f"{here}/sessions/end", {"session": first})
    assert [page("GET", "/dashboard").status_code for page in browsers].count(303) == 1
    panel("POST", f"{here}/sessions/end")
    assert [page("GET", "/dashboard").status_code for page in browsers] == [303] * 3
    assert [row.detail for row in audit()] == ["eve; 1 ended", "eve; 2 ended"]


def test_a_session_of_somebody_else_is_not_ended(
    app: Flask, session: Session, panel: Page, make_user: MakeUser
) -> None:
    eve, bob = make_user("eve"), make_user("bob")
    page = Page(app, bob)
    theirs = panel("GET", f"/admin/people/{bob.user_id}").text
    row = theirs.split('name="session" value="')[1].split('"')[0]
    answer = panel("POST", f"/admin/people/{eve.user_id}/sessions/end", {"session": row})
    assert answer.status_code == 404
    assert page("GET", "/dashboard").status_code == 200


def test_people_are_found_by_name_and_address(panel: Page, make_user: MakeUser) -> None:
    make_user("percent_100")
    make_user("plain")
    assert "percent_100" in panel("GET", "/admin/people?q=PERCENT_").text
    assert "plain" not in panel("GET", "/admin/people?q=_100").text
    assert "plain@example.com" in panel("GET", "/admin/people?q=PLAIN@").text
    assert "Nobody is found" in panel("GET", "/admin/people?q=%25%25").text
