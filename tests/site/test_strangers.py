"""Who may see and do what, over the whole URL map.

Whatever is not listed in `doors` is private: anonymous → login (pages) or 401 (API), and
with an id in its path another person → 404. So a new route is held to that from its first day,
and a public one has to be entered there with its reason.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from stocksite.web.operation import operations as api_operations
from tests.site.doors import PUBLIC, SHARED
from tests.site.photographs import Photographs
from tests.site.world import (
    NAME,
    MakeUser,
    Page,
    Script,
    World,
    build,
    differences,
    fingerprint,
    is_api,
    operations,
    path_of,
)

# What a form or a body of any of these routes may want, all of it valid.
VALID: dict[str, Any] = {
    "name": "Another name",
    "confirm": NAME,
    "description": "",
    "execution": "instant",
    "commission_pct": "0",
    "commission_per_trade": "0",
    "starting_cash": "10",
    "type": "deposit",
    "amount": "10",
    "position": "0",
    "note": "mine now",
    "above": "500",
    "below": "1",
    "move_pct": "5",
    "symbol": "AAPL",
    "side": "buy",
    "quantity": "1",
    "status": "paused",
}

# What its owner may not do either, the world being as it is, and why: (status, reason).
REFUSED = {
    "backtest.cancel": (409, "it is done"),
    "backtest.cancel_sweep": (409, "it is done"),
    "backtest_api.cancel_sweep": (409, "it is done"),
    "backtest_api.attach": (409, "in the example's portfolio another strategy trades"),
}

# Ids that travel outside the path: (method, path, where, field, id).
ELSEWHERE = (
    ("GET", "/trade", "query", "portfolio", "portfolio_id"),
    ("GET", "/trade/preview", "query", "portfolio", "portfolio_id"),
    ("POST", "/trade", "form", "portfolio", "portfolio_id"),
)


def _owned(app: Flask) -> list[tuple[Any, str]]:
    # The old addresses take a symbol: what is made of it is the caller's own.
    return [
        (rule, method)
        for rule, method in operations(app)
        if rule.arguments
        and rule.endpoint not in SHARED
        and not rule.endpoint.startswith(("compat.", "compat_api."))
    ]


def _json_of(app: Flask, rule: Any, method: str) -> dict[str, Any]:
    """Options that carry a valid body, where the operation takes one."""
    for room, operation in api_operations(app).values():
        if (room, operation.endpoint) == tuple(rule.endpoint.rsplit(".", 1)):
            if operation.method == method and operation.body is not None:
                fields = operation.body.model_fields
                known = {name: VALID[name] for name in fields if name in VALID}
                return {"json": operation.example or known}
            return {}
    return {}


def _send(app: Flask, page: Page, script: Script, rule: Any, method: str, path: str) -> Any:
    if is_api(rule):
        return script(method, path, **_json_of(app, rule, method))
    return page(method, path, dict(VALID))


@pytest.fixture
def people(
    app: Flask, keep: Callable[..., Any], session: Session, make_user: MakeUser
) -> tuple[World, World, Page]:
    """An owner, a stranger with a world of another stock, and the owner's browser."""

    def make() -> tuple[World, World, Page]:
        owner = build(session, make_user("owner"))
        stranger = build(session, make_user("stranger"), symbol="IBM")
        return owner, stranger, Page(app, owner.actor)

    made: tuple[World, World, Page] = keep("people", make)
    return made


@pytest.fixture
def owner(people: tuple[World, World, Page]) -> World:
    """Whose property all of it is."""
    return people[0]


@pytest.fixture
def own(people: tuple[World, World, Page]) -> Page:
    """The owner's browser."""
    return people[2]


@pytest.fixture
def stranger(people: tuple[World, World, Page]) -> World:
    """Somebody else."""
    return people[1]


def test_the_lists_name_real_endpoints(app: Flask) -> None:
    known = set(app.view_functions)
    assert not (set(PUBLIC) | set(SHARED)) - known


def test_a_stranger_finds_nothing_and_changes_nothing(
    app: Flask, session: Session, owner: World, stranger: World, subtests: pytest.Subtests
) -> None:
    page, script = Page(app, stranger.actor), Script(app, stranger.token)
    assert script("GET", "/api/users/me/").status_code == 200
    before = fingerprint(session)
    walked = _owned(app)
    assert len(walked) > 40, "the walk has lost its way"
    for rule, method in walked:
        path = path_of(app, rule, owner.ids)
        with subtests.test(f"{method} {rule.rule}"):
            answer = _send(app, page, script, rule, method, path)
            assert answer.status_code == 404, answer.get_data(as_text=True)[:500]
            assert differences(before, fingerprint(session)) == []


def test_a_stranger_as_htmx_finds_nothing_either(
    app: Flask, session: Session, owner: World, stranger: World, subtests: pytest.Subtests
) -> None:
    page = Page(app, stranger.actor)
    headers = {"HX-Request": "true", "HX-Request-Type": "partial", "HX-PTag": "1.1"}
    before = fingerprint(session)
    for rule, method in _owned(app):
        if is_api(rule):
            continue
        path = path_of(app, rule, owner.ids)
        with subtests.test(f"{method} {rule.rule}"):
            answer = page(method, path, dict(VALID), headers=headers)
            assert answer.status_code == 404, answer.get_data(as_text=True)[:500]
    assert differences(before, fingerprint(session)) == []


def test_ids_in_queries_and_forms_are_checked_too(
    app: Flask,
    session: Session,
    owner: World,
    own: Page,
    stranger: World,
    subtests: pytest.Subtests,
) -> None:
    page = Page(app, stranger.actor)
    ticket = {"symbol": "AAPL", "side": "buy", "mode": "quantity", "quantity": "1"}
    ticket["client_order_id"] = "a-ticket-of-a-test"
    for method, path, where, field, name in ELSEWHERE:
        values = ticket | {field: str(owner.ids[name])}
        options = {"query_string": values} if where == "query" else {"data": values}
        with subtests.test(f"{method} {path} {field}"):
            before = fingerprint(session)
            assert page(method, path, **options).status_code == 404
            assert differences(before, fingerprint(session)) == []
            assert own(method, path, **options).status_code < 400


def test_the_owner_gets_in(
    app: Flask, owner: World, own: Page, photographs: Photographs, subtests: pytest.Subtests
) -> None:
    """The control: with the owner's credentials the same requests find what they ask for."""
    script = Script(app, owner.token)
    for rule, method in sorted(_owned(app), key=lambda each: each[1] != "GET"):
        if method != "GET":  # the last one may have ended what this one needs
            photographs.restore("people")
        with subtests.test(f"{method} {rule.rule}"):
            answer = _send(app, own, script, rule, method, path_of(app, rule, owner.ids))
            refused = REFUSED.get(rule.endpoint)
            told = answer.get_data(as_text=True)[:500]
            assert answer.status_code == refused[0] if refused else answer.status_code < 400, told


def test_what_is_archived_is_gone_for_its_owner(
    app: Flask, session: Session, owner: World, own: Page, subtests: pytest.Subtests
) -> None:
    page, script = own, Script(app, owner.token)
    owner.portfolio(session).archived_at = owner.portfolio(session).created_at
    session.commit()
    before = fingerprint(session)
    for rule, method in _owned(app):
        if "portfolio_id" not in rule.arguments:
            continue
        with subtests.test(f"{method} {rule.rule}"):
            answer = _send(app, page, script, rule, method, path_of(app, rule, owner.ids))
            assert answer.status_code == 404, answer.get_data(as_text=True)[:500]
    assert differences(before, fingerprint(session)) == []


def test_nobody_gets_in_without_logging_in(
    app: Flask, session: Session, owner: World, subtests: pytest.Subtests
) -> None:
    page, script = Page(app, None), Script(app, None)
    before = fingerprint(session)
    for rule, method in operations(app):
        if rule.endpoint in PUBLIC:
            continue
        path = path_of(app, rule, owner.ids)
        with subtests.test(f"{method} {rule.rule}"):
            answer = _send(app, page, script, rule, method, path)
            if is_api(rule):
                assert answer.status_code == 401, answer.get_data(as_text=True)[:500]
                assert answer.headers["WWW-Authenticate"] == 'Bearer realm="api"'
            else:
                assert answer.status_code == 303, answer.get_data(as_text=True)[:500]
                assert answer.headers["Location"].startswith("/login")
    assert differences(before, fingerprint(session)) == []


def test_htmx_without_a_session_is_sent_to_the_login(
    app: Flask, owner: World, subtests: pytest.Subtests
) -> None:
    page = Page(app, None)
    headers = {"HX-Request": "true", "HX-Request-Type": "partial"}
    for rule, method in operations(app):
        if rule.endpoint in PUBLIC or is_api(rule):
            continue
        with subtests.test(f"{method} {rule.rule}"):
            answer = page(method, path_of(app, rule, owner.ids), dict(VALID), headers=headers)
            assert not 300 <= answer.status_code < 400, "fetch would swap the login page in"
            assert answer.headers["HX-Redirect"].startswith("/login")


def test_a_form_without_its_token_changes_nothing(
    app: Flask, session: Session, owner: World, own: Page, subtests: pytest.Subtests
) -> None:
    before = fingerprint(session)
    for rule, method in operations(app):
        if method == "GET":
            continue
        path = path_of(app, rule, owner.ids)
        with subtests.test(f"{method} {rule.rule}"):
            if is_api(rule):
                if rule.endpoint in PUBLIC:
                    continue  # no credentials are involved
                # The browser's own session without X-CSRFToken.
                options = _json_of(app, rule, method)
                answer = own.browser.open(path, method=method, **options)
                assert answer.status_code == 403
            else:
                answer = own(method, path, VALID | {"csrf_token": "made-up"})
                assert answer.status_code in (400, 403)
    assert differences(before, fingerprint(session)) == []


def test_a_read_token_changes_nothing(
    app: Flask, session: Session, owner: World, subtests: pytest.Subtests
) -> None:
    from stocksite.auth.models import PersonalToken

    token = session.get(PersonalToken, owner.ids["token_id"])
    assert token is not None
    token.scope = "read"
    session.commit()
    script, before = Script(app, owner.token), fingerprint(session)
    for rule, method in operations(app):
        if not is_api(rule) or rule.endpoint in PUBLIC or method == "GET":
            continue
        with subtests.test(f"{method} {rule.rule}"):
            path = path_of(app, rule, owner.ids)
            answer = script(method, path, **_json_of(app, rule, method))
            assert answer.status_code == 403, answer.get_data(as_text=True)[:500]
    assert differences(before, fingerprint(session)) == []
