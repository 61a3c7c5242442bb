"""Hostile values in every field of every form the site shows.

The forms are found by opening every page, so a new form is covered with its page. Each field in
turn gets each hostile value while the others hold good ones. A refusal is 4xx, says something,
and leaves every table as it was; where a value is accepted it has to be one that is legal there.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from redis import Redis
from sqlalchemy.orm import Session

from stocksite.auth.models import User
from stocksite.portfolios.service.proof import verify_everything
from tests.site import html
from tests.site.hostile_fields import GOOD, HOSTILE, IN_ADDRESSES, LONG, PARAMETERS, UNSEEN, legal
from tests.site.photographs import Photographs
from tests.site.world import (
    MakeUser,
    Page,
    Watch,
    build,
    differences,
    fingerprint,
    is_api,
    operations,
    path_of,
)


@dataclass(frozen=True)
class Target:
    """A form, and who sends it."""

    form: html.Form
    page: Page

    @property
    def names(self) -> list[str]:
        """What a person fills in."""
        return sorted(set(self.form.fields) - {"csrf_token"})

    @property
    def good(self) -> dict[str, str]:
        """Values it takes."""
        return {name: value or GOOD.get(name, "") for name, value in self.form.fields.items()}

    def send(self, **changed: str) -> Any:
        """Send it with good values but for what is changed."""
        fields = self.good | {"csrf_token": self.page.csrf} | changed
        return self.page.browser.post(self.form.action or "/", data=fields)


def _forms(app: Flask, page: Page, ids: dict[str, Any]) -> dict[tuple[str, ...], html.Form]:
    """Every POST form of the pages this person can open, one of each kind."""
    found: dict[tuple[str, ...], html.Form] = {}
    for rule, method in operations(app):
        if method != "GET" or is_api(rule) or rule.arguments - set(ids):
            continue
        answer = page("GET", path_of(app, rule, ids))
        if answer.mimetype != "text/html":
            continue
        for form in html.read(answer).forms:
            if form.method == "POST":
                endpoint, _ = app.url_map.bind("localhost").match(form.path, "POST")
                found.setdefault((endpoint, *sorted(form.fields)), form)
    return found


@pytest.fixture
def targets(
    app: Flask, keep: Callable[..., Any], session: Session, make_user: MakeUser
) -> list[Target]:
    """The forms of the whole site."""

    def make() -> list[Target]:
        world = build(session, make_user("owner"))
        mine, nobody = Page(app, world.actor), Page(app, None)
        ids = world.ids | {"code": "not-found"}
        own = [Target(form, mine) for form in _forms(app, mine, ids).values()]
        theirs = [Target(form, nobody) for form in _forms(app, nobody, ids).values()]
        known = {target.form.path for target in own}
        return own + [target for target in theirs if target.form.path not in known]

    made: list[Target] = keep("forms", make)
    return made


def test_every_form_route_is_reached_by_a_form(app: Flask, targets: list[Target]) -> None:
    """A POST route of pages without a form on any page would go untested here."""
    adapter = app.url_map.bind("localhost")
    reached = {adapter.match(target.form.path, "POST")[0] for target in targets}
    routes = {rule.endpoint for rule, method in operations(app) if method == "POST"}
    pages = {r.endpoint for r, m in operations(app) if m == "POST" and not is_api(r)}
    assert pages <= routes
    assert pages - reached == set(UNSEEN)


def test_hostile_values_in_every_form(
    targets: list[Target],
    session: Session,
    redis: Redis,
    photographs: Photographs,
    subtests: pytest.Subtests,
) -> None:
    for target in targets:
        photographs.restore("forms")  # what a form before this one did is none of its business
        for name in target.names:
            with subtests.test(f"{target.form.path} {name}"):
                _attack(target, name, session, redis)
        session.rollback()
        assert [proof for proof in verify_everything(session) if not proof.ok] == []
        session.rollback()


def _attack(target: Target, name: str, session: Session, redis: Redis) -> None:
    watch = Watch(session)
    for label, value in HOSTILE.items():
        redis.flushdb()  # attempts are counted: a 429 would hide the answer asked for here
        answer = target.send(**{name: value})
        where = f"{label} in {name} of {target.form.path}"
        assert answer.status_code < 500, where
        assert "evil" not in answer.headers.get("Set-Cookie", ""), where
        if answer.status_code >= 400:
            _check_refusal(answer, where)
            changed = watch.changed()
            assert changed == [], f"{where} was refused and still changed {changed}"
        else:
            assert legal(name, label), f"{where} was accepted ({answer.status_code})"
            assert answer.headers.get("Location", "/").startswith("/"), where
            assert not answer.headers.get("Location", "/").startswith("//"), where
            watch.look()


def _check_refusal(answer: Any, where: str) -> None:
    """4xx says what is wrong, in a page that is whole and repeats no markup as markup."""
    text = answer.get_data(as_text=True)
    assert answer.mimetype == "text/html", where
    # Beside the field or above the form; what ends the whole page has its own.
    assert 'role="alert"' in text or answer.status_code != 422, where
    assert "<script>alert" not in text, where
    assert len(text) < 300_000, f"{where}: the answer repeats what was sent"
    found = html.read(answer)
    assert len(found.headings) == 1, where
    assert found.forbidden == [], where


def test_the_megabyte_is_refused_by_its_size(targets: list[Target]) -> None:
    answer = targets[0].send(anything=LONG)
    assert answer.status_code == 413
    assert "MB" in answer.text or "MiB" in answer.text or "large" in answer.text


def test_a_lone_surrogate_is_refused(
    targets: list[Target], photographs: Photographs, subtests: pytest.Subtests
) -> None:
    """Bytes that are no UTF-8, and the percent-encoded half of a pair."""
    for target in targets:
        if not target.names:
            continue  # nowhere to put them; it would log out
        photographs.restore("forms")
        for raw in ("%ED%A0%80", "%FF%FE", "%C0%AF"):
            body = "&".join(f"{name}={raw}" for name in target.names)
            with subtests.test(f"{target.form.path} {raw}"):
                answer = target.page.browser.post(
                    target.form.action,
                    data=f"{body}&csrf_token={target.page.csrf}",
                    content_type="application/x-www-form-urlencoded",
                )
                assert answer.status_code < 500
                assert not answer.headers.get("Location", "").startswith("/login")


def test_fields_given_twice_or_unknown_do_no_harm(
    targets: list[Target],
    session: Session,
    photographs: Photographs,
    subtests: pytest.Subtests,
) -> None:
    extra = {"user_id": "1", "is_admin": "true", "cash": "1000000", "id": "1", "owner": "1"}
    for target in targets:
        photographs.restore("forms")
        doubled = {name: [value, "second"] for name, value in target.good.items()}
        doubled["csrf_token"] = [target.page.csrf]
        with subtests.test(target.form.path):
            answer = target.page.browser.post(
                target.form.action or "/",
                data={name: [value] for name, value in extra.items()} | doubled,
            )
            assert answer.status_code < 500
            session.rollback()
            assert not session.query(User).filter(User.is_admin).count()
            session.rollback()


@pytest.fixture
def owner_page(app: Flask, session: Session, make_user: MakeUser) -> tuple[Page, dict[str, Any]]:
    world = build(session, make_user("owner"))
    return Page(app, world.actor), world.ids | {"code": "not-found"}


def test_hostile_values_in_every_address(
    app: Flask,
    session: Session,
    owner_page: tuple[Page, dict[str, Any]],
    subtests: pytest.Subtests,
) -> None:
    """In each variable of each path, and in each parameter that views read."""
    page, ids = owner_page
    before = fingerprint(session)
    for rule, method in operations(app):
        if method != "GET" or is_api(rule) or rule.endpoint == "static":
            continue
        with subtests.test(rule.rule):
            for label in IN_ADDRESSES:
                value = HOSTILE[label] if label != "megabyte" else "x" * 5_000
                query = dict.fromkeys(PARAMETERS, value)
                path = path_of(app, rule, ids)
                answer = page("GET", path, query_string=query)
                assert answer.status_code < 500, f"{label} in the query of {path}"
                assert "<script>alert" not in answer.text, label
                for name in rule.arguments:
                    odd = _odd_path(rule.rule, ids, name, value)
                    if odd is None:
                        continue
                    answer = page("GET", odd)
                    assert answer.status_code < 500, f"{label} as {name} of {rule.rule}"
                    assert answer.status_code >= 300 or _same_meaning(label), f"{label}: {odd!r}"
    assert differences(before, fingerprint(session)) == []


def _same_meaning(label: str) -> bool:
    return label in ("nothing", "blank", "path")  # another route answers those


def _odd_path(rule: str, ids: dict[str, Any], name: str, value: str) -> str | None:
    from urllib.parse import quote

    if not value.strip():
        return None

    def fill(match: re.Match[str]) -> str:
        variable = match[1].rpartition(":")[2]
        return quote(value if variable == name else str(ids[variable]), safe="")

    return re.sub(r"<([^>]+)>", fill, rule)
