"""Who may see the panel, and when a change needs the password again: over all of its routes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from stocksite.auth.service import create_token
from stocksite.core.actor import Actor
from stocksite.core.clock import wall_now
from tests.conftest import PASSWORD
from tests.site.world import (
    METHODS,
    MakeUser,
    Page,
    Script,
    build,
    differences,
    fingerprint,
    path_of,
)


def routes(app: Flask) -> Iterator[tuple[Any, str]]:
    """Every rule of the panel with each of its methods."""
    for rule in sorted(app.url_map.iter_rules(), key=lambda each: each.rule):
        if rule.endpoint.startswith("admin."):
            yield from ((rule, method) for method in METHODS if method in (rule.methods or ()))


@pytest.fixture
def ids(session: Session, make_user: MakeUser) -> dict[str, Any]:
    """Somebody's world, and what else the panel's paths name."""
    world = build(session, make_user("owner"))
    more = {"user_id": world.actor.user_id, "bar_id": 1, "version_id": 1}
    return {**world.ids, **more}


def _paths(app: Flask, rule: Any, ids: dict[str, Any]) -> str:
    words = {"admin.set_active": "deactivate", "admin.pause": "pause"}
    return path_of(app, rule, {**ids, "what": words.get(rule.endpoint, "")})


def test_strangers_see_no_page_at_all(
    app: Flask,
    session: Session,
    make_user: MakeUser,
    ids: dict[str, Any],
    subtests: pytest.Subtests,
) -> None:
    nobody, stranger = Page(app, None), Page(app, make_user("stranger"))
    before = fingerprint(session)
    walked = list(routes(app))
    assert len(walked) > 20
    for rule, method in walked:
        path = _paths(app, rule, ids)
        with subtests.test(f"{method} {rule.rule}"):
            answer = nobody(method, path)
            assert answer.status_code == 303
            assert answer.headers["Location"].startswith("/login")
            assert stranger(method, path).status_code == 404
    assert differences(before, fingerprint(session)) == []


def test_a_token_does_not_open_the_panel(
    app: Flask, session: Session, root: Actor, ids: dict[str, Any], subtests: pytest.Subtests
) -> None:
    token = create_token(session, root, name="mine", now=wall_now()).token
    session.commit()
    script = Script(app, token)
    assert script("GET", "/api/users/me/").status_code == 200
    for rule, method in routes(app):
        with subtests.test(f"{method} {rule.rule}"):
            assert script(method, _paths(app, rule, ids)).status_code in (400, 404)


def test_an_old_login_changes_nothing_but_reads(
    app: Flask,
    session: Session,
    root: Actor,
    panel: Page,
    ids: dict[str, Any],
    grow_old: Callable[[Actor, float], None],
    subtests: pytest.Subtests,
) -> None:
    grow_old(root, 15.1)
    before = fingerprint(session)
    for rule, method in routes(app):
        if rule.endpoint == "admin.confirm":
            continue
        path = _paths(app, rule, ids)
        with subtests.test(f"{method} {rule.rule}"):
            headers = {"Referer": "http://localhost/admin/people"}
            answer = panel(method, path, headers=headers)
            if method == "GET":
                assert answer.status_code == 200, answer.text[:500]
            else:
                assert answer.status_code == 303
                assert answer.headers["Location"] == "/admin/confirm?next=/admin/people"
    assert differences(before, fingerprint(session)) == []


def test_without_the_forms_token_nothing_changes(
    app: Flask, session: Session, panel: Page, ids: dict[str, Any], subtests: pytest.Subtests
) -> None:
    before = fingerprint(session)
    for rule, method in routes(app):
        if method == "GET":
            continue
        with subtests.test(f"{method} {rule.rule}"):
            answer = panel(method, _paths(app, rule, ids), {"csrf_token": "made-up"})
            assert answer.status_code == 400
    assert differences(before, fingerprint(session)) == []


def test_the_password_makes_the_login_young_again(
    panel: Page, root: Actor, ids: dict[str, Any], grow_old: Callable[[Actor, float], None]
) -> None:
    grow_old(root, 60)
    target = f"/admin/people/{ids['user_id']}"
    wrong = panel("POST", "/admin/confirm", {"password": "guessed", "next": target})
    assert wrong.status_code == 422
    assert "not your password" in wrong.text
    assert panel("POST", f"{target}/deactivate").headers["Location"].startswith("/admin/confirm")
    right = panel("POST", "/admin/confirm", {"password": PASSWORD, "next": target})
    assert (right.status_code, right.headers["Location"]) == (303, target)
    panel.csrf = panel._csrf(target)
    assert panel("POST", f"{target}/deactivate").headers["Location"] == target


def test_after_the_password_only_pages_of_the_panel_follow(panel: Page) -> None:
    for target in ("https://elsewhere.example/", "//elsewhere.example/admin", "/dashboard", ""):
        answer = panel("POST", "/admin/confirm", {"password": PASSWORD, "next": target})
        assert answer.headers["Location"] == "/admin/", target
        panel.csrf = panel._csrf("/admin/")


def test_who_is_no_administrator_any_more_is_out(
    session: Session, panel: Page, root: Actor
) -> None:
    from stocksite.auth.models import User

    assert panel("GET", "/admin/").status_code == 200
    user = session.get(User, root.user_id)
    assert user is not None
    user.is_admin = False
    session.commit()
    assert panel("GET", "/admin/").status_code == 404


def test_only_administrators_see_the_way_in(app: Flask, panel: Page, make_user: MakeUser) -> None:
    assert "Administration" in panel("GET", "/dashboard").text
    assert "Administration" not in Page(app, make_user("plain"))("GET", "/dashboard").text
