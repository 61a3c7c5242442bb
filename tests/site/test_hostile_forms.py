"""Hostile values in every field of every form the site shows.

The forms are found by opening every page, so a new form is covered with its page. Each field in
turn gets each hostile value while the others hold good ones. A refusal is 4xx, says something,
and leaves every table as it was; where a value is accepted it has to be one that is legal there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from redis import Redis
from sqlalchemy.orm import Session

from stocksite.portfolios.service.proof import verify_everything
from tests.conftest import PASSWORD
from tests.site import html
from tests.site.world import (
    NAME,
    MakeUser,
    Page,
    build,
    differences,
    fingerprint,
    is_api,
    operations,
    path_of,
)

LONG = "x" * 1_100_000

HOSTILE: dict[str, str] = {
    "not a number": "NaN",
    "infinity": "-Infinity",
    "too large": "1e400",
    "minus one": "-1",
    "zero": "0",
    "200 digits": "9" * 200,
    "many decimals": "0." + "1" * 40,
    "other digits": "٣٫٥",
    "emoji": "🧨🚀",
    "NUL": "a\x00b",
    "escape": "\x1b[31mred",
    "right to left": "\u202egnp.exe",
    "megabyte": LONG,
    "markup": "<script>alert(1)</script>",
    "SQL": '\'; DROP TABLE "user"; --',
    "template": "{{ 7 * 7 }}${7*7}",
    "path": "../../../secret",
    "CRLF": "a\r\nSet-Cookie: evil=1",
    "blank": "   ",
    "nothing": "",
}

NUMBERS = frozenset(
    {"amount", "starting_cash", "commission_pct", "commission_per_trade", "quantity", "notional"}
    | {"above", "below", "move_pct", "position", "portfolio", "expires_in_days"}
)
FREE_TEXT = frozenset({"name", "description", "note", "first_name", "last_name"})
"""What people may write as they like, on one line (a description on several)."""

# Good values by field, for fields that the page leaves empty.
GOOD = {
    "amount": "10",
    "name": "A good name",
    "symbol": "AAPL",
    "quantity": "1",
    "notional": "100",
    "confirm": NAME,
    "password": PASSWORD,
    "current_password": PASSWORD,
    "new_password": "another staple, quite long",
    "username": "somebodynew",
    "email": "new@example.com",
    "note": "a note",
    "next": "/dashboard",
    "position": "0",
}

# (field, value) pairs that are legal besides what `_legal` knows, and why.
LEGAL = {
    ("starting_cash", "zero"): "an empty portfolio",
    ("commission_pct", "zero"): "no commission",
    ("commission_per_trade", "zero"): "no commission",
    ("commission_pct", "nothing"): "no commission",
    ("commission_per_trade", "nothing"): "no commission",
    ("commission_pct", "blank"): "no commission",
    ("commission_per_trade", "blank"): "no commission",
    ("position", "*"): "where a row moves to; what is no place is the first",
    ("next", "*"): "only a path of this site is followed; see the check of Location",
    ("expires_in_days", "nothing"): "never",
}
OPTIONAL = frozenset({"above", "below", "move_pct", "description", "note", "first_name"})
OPTIONAL |= {"last_name", "quantity", "notional"}
"""May be left empty. Of quantity and notional the other one is asked for."""

# Forms that need an account of their own: what they do ends it, or needs nobody logged in.
STRANGERS_FORMS = {"/login", "/register"}


@dataclass(frozen=True)
class Target:
    """A form, and who sends it."""

    form: html.Form
    page: Page

    def send(self, **changed: str) -> Any:
        """Send it with good values but for what is changed."""
        fields = {name: value or GOOD.get(name, "") for name, value in self.form.fields.items()} | {
            "csrf_token": self.page.csrf
        }
        return self.page.browser.post(self.form.action or "/", data=fields | changed)


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
def targets(app: Flask, session: Session, make_user: MakeUser) -> list[Target]:
    """The forms of the whole site."""
    world = build(session, make_user("owner"))
    mine, nobody = Page(app, world.actor), Page(app, None)
    ids = world.ids | {"code": "not-found"}
    own = [Target(form, mine) for form in _forms(app, mine, ids).values()]
    theirs = [Target(form, nobody) for form in _forms(app, nobody, ids).values()]
    known = {target.form.path for target in own}
    return own + [target for target in theirs if target.form.path not in known]


def test_every_form_route_is_reached_by_a_form(app: Flask, targets: list[Target]) -> None:
    """A POST route of pages without a form on any page would go untested here."""
    adapter = app.url_map.bind("localhost")
    reached = {adapter.match(target.form.path, "POST")[0] for target in targets}
    routes = {rule.endpoint for rule, method in operations(app) if method == "POST"}
    pages = {r.endpoint for r, m in operations(app) if m == "POST" and not is_api(r)}
    assert pages <= routes
    # A running job's page has the form; the world's job waits in the queue, which is enough.
    assert pages - reached == set()


def test_hostile_values_in_every_form(
    targets: list[Target], session: Session, redis: Redis, subtests: pytest.Subtests
) -> None:
    for target in targets:
        for name in sorted(set(target.form.fields) - {"csrf_token"}):
            with subtests.test(f"{target.form.path} {name}"):
                _attack(target, name, session, redis)
    session.rollback()
    assert [proof for proof in verify_everything(session) if not proof.ok] == []


def _attack(target: Target, name: str, session: Session, redis: Redis) -> None:
    before = fingerprint(session)
    for label, value in HOSTILE.items():
        redis.flushdb()  # attempts are counted: a 429 would hide the answer asked for here
        answer = target.send(**{name: value})
        where = f"{label} in {name} of {target.form.path}"
        assert answer.status_code < 500, where
        assert "evil" not in answer.headers.get("Set-Cookie", ""), where
        if answer.status_code >= 400:
            _check_refusal(answer, where)
            changed = differences(before, fingerprint(session))
            assert changed == [], f"{where} was refused and still changed {changed}"
        else:
            assert _legal(name, label), f"{where} was accepted ({answer.status_code})"
            assert answer.headers.get("Location", "/").startswith("/"), where
            assert not answer.headers.get("Location", "/").startswith("//"), where
            before = fingerprint(session)


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


def _legal(name: str, label: str) -> bool:
    if (name, label) in LEGAL or (name, "*") in LEGAL:
        return True
    if label in ("nothing", "blank"):
        return name in OPTIONAL or name not in NUMBERS | FREE_TEXT
    if name == "description" and label in ("CRLF", "200 digits"):
        return True
    if name in FREE_TEXT | NUMBERS and label in ("CRLF", "200 digits", "escape", "right to left"):
        return False
    return name not in NUMBERS and label not in ("NUL", "megabyte")


def test_the_megabyte_is_refused_by_its_size(targets: list[Target]) -> None:
    answer = targets[0].send(anything=LONG)
    assert answer.status_code == 413
    assert "MB" in answer.text or "MiB" in answer.text or "large" in answer.text


def test_a_lone_surrogate_is_refused(targets: list[Target], subtests: pytest.Subtests) -> None:
    """Bytes that are no UTF-8, and the percent-encoded half of a pair."""
    for target in targets:
        for raw in ("%ED%A0%80", "%FF%FE", "%C0%AF"):
            body = "&".join(
                [f"{name}={raw}" for name in target.form.fields if name != "csrf_token"]
            )
            with subtests.test(f"{target.form.path} {raw}"):
                answer = target.page.browser.post(
                    target.form.action,
                    data=f"{body}&csrf_token={target.page.csrf}",
                    content_type="application/x-www-form-urlencoded",
                )
                assert answer.status_code < 500


def test_fields_given_twice_or_unknown_do_no_harm(
    targets: list[Target], session: Session, subtests: pytest.Subtests
) -> None:
    extra = {"user_id": "1", "is_admin": "true", "cash": "1000000", "id": "1", "owner": "1"}
    for target in targets:
        fields = {name: value or GOOD.get(name, "") for name, value in target.form.fields.items()}
        doubled = {name: [value, "second"] for name, value in fields.items()}
        doubled["csrf_token"] = [target.page.csrf]
        with subtests.test(target.form.path):
            answer = target.page.browser.post(
                target.form.action or "/", data=doubled | {k: [v] for k, v in extra.items()}
            )
            assert answer.status_code < 500
            if answer.headers.get("Location", "").startswith("/login"):
                return  # logged out, on purpose: the last form of the walk
    from stocksite.auth.models import User

    session.rollback()
    assert not session.query(User).filter(User.is_admin).count()


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


IN_ADDRESSES = ("not a number", "too large", "minus one", "200 digits", "other digits", "emoji")
IN_ADDRESSES += ("NUL", "megabyte", "markup", "SQL", "path", "CRLF", "nothing")
PARAMETERS = ("q", "page", "page_size", "sort", "range", "type", "status", "symbol", "from", "to")
PARAMETERS += ("portfolio", "side", "mode", "quantity", "notional", "next", "client_order_id")


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
