"""Errors: the same one as problem+json, as a page, and as a fragment into #flash."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.exc import OperationalError

from stocksite.core import errors
from stocksite.settings import Settings
from stocksite.web import problems
from tests.web import failures

HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}
EXPECTED = {
    "bad": (400, "bad-request"),
    "missing": (404, "not-found"),
    "conflict": (409, "conflict"),
    "invalid": (422, "invalid-input"),
    "many": (429, "too-many-requests"),
    "away": (503, "unavailable"),
    "range": (422, "out-of-range"),
    "lock": (503, "unavailable"),
}


@pytest.fixture
def quiet(probe_app: Flask, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """The app as it runs: a crash is answered, not raised."""
    monkeypatch.setitem(probe_app.config, "TESTING", False)
    return probe_app


@pytest.mark.parametrize("kind", EXPECTED)
def test_for_scripts(anonymous: Callable[..., Any], kind: str) -> None:
    status, code = EXPECTED[kind]
    answer = anonymous("GET", f"/api/fail/?kind={kind}")
    assert answer.status_code == status
    assert answer.content_type == "application/problem+json"
    document = answer.json
    assert list(document)[-6:] == ["type", "title", "status", "detail", "code", "instance"] or (
        "errors" in document
    )
    assert document["status"] == status
    assert document["code"] == code
    assert document["type"] == f"/problems/{code}"
    assert document["instance"] == answer.headers["X-Request-ID"]
    assert len(document["instance"]) >= 8


@pytest.mark.parametrize("kind", EXPECTED)
def test_for_people(anonymous: Callable[..., Any], kind: str) -> None:
    status, _ = EXPECTED[kind]
    answer = anonymous("GET", f"/page/fail/{kind}")
    page = answer.get_data(as_text=True)
    assert answer.status_code == status
    assert answer.mimetype == "text/html"
    assert "<html" in page
    script = anonymous("GET", f"/api/fail/?kind={kind}").json
    assert script["detail"] in page
    assert (answer.headers["X-Request-ID"] in page) == (status >= 500)


@pytest.mark.parametrize("kind", EXPECTED)
def test_for_htmx(anonymous: Callable[..., Any], kind: str) -> None:
    status, _ = EXPECTED[kind]
    answer = anonymous("GET", f"/page/fail/{kind}", headers=HTMX)
    page = answer.get_data(as_text=True)
    assert answer.status_code == status
    assert answer.headers["HX-Retarget"] == "#flash"
    assert answer.headers["HX-Reswap"] == "innerHTML"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "<html" not in page
    assert anonymous("GET", f"/api/fail/?kind={kind}").json["detail"] in page


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_an_error_looks_like_one_while_nobody_can_be_asked_who_it_is(
    probe_app: Flask,
    anonymous: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    headers: dict[str, str],
) -> None:
    def away() -> None:
        raise OperationalError("SELECT", {}, Exception("the server closed the connection"))

    monkeypatch.setattr(probe_app.login_manager, "_load_user", away)  # type: ignore[attr-defined]
    answer = anonymous("GET", "/page/private", headers=headers)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 503
    assert ("data-dismiss" if headers else "error-page") in page
    assert answer.headers["X-Request-ID"] in page


def test_the_numbers_and_the_fields_are_members(
    call: Callable[..., Any], anonymous: Callable[..., Any]
) -> None:
    refused = call("POST", "/api/probes/", json={"name": "a", "fail": True})
    assert (refused.json["requested"], refused.json["available"]) == ("12", "10")
    invalid = anonymous("GET", "/api/fail/?kind=invalid")
    assert invalid.json["errors"] == [
        {"field": "quantity", "detail": "The smallest value accepted is 1."}
    ]


def test_members_never_hide_what_the_document_says() -> None:
    made = problems.Problem(422, "t", "d", "c", {"status": 1, "detail": "x", "required": "1"})
    app = Flask("probe")
    with app.test_request_context():
        document = made.document()
    assert document["status"] == 422
    assert document["detail"] == "d"
    assert document["required"] == "1"


def test_when_to_come_back(anonymous: Callable[..., Any]) -> None:
    assert anonymous("GET", "/api/fail/?kind=many").headers["Retry-After"] == "30"
    assert anonymous("GET", "/api/fail/?kind=away").headers["Retry-After"] == "5"
    assert "others" in anonymous("GET", "/api/fail/?kind=lock").json["detail"].lower()


@pytest.mark.parametrize(
    ("path", "headers", "kind"),
    [
        ("/api", {}, "application/problem+json"),
        ("/api/", {}, "application/problem+json"),
        ("/api/nothing", {"Accept": "text/html"}, "application/problem+json"),
        ("/nothing", {"Accept": "application/json"}, "application/problem+json"),
        ("/nothing", {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}, "text/html"),
        ("/nothing", {"Accept": "*/*"}, "text/html"),
        ("/nothing", {}, "text/html"),
        ("/apiary", {}, "text/html"),
        ("/problems/no-such-code", {}, "text/html"),
    ],
)
def test_who_gets_which_404(
    anonymous: Callable[..., Any], path: str, headers: dict[str, str], kind: str
) -> None:
    answer = anonymous("GET", path, headers=headers)
    assert answer.status_code == 404
    assert answer.mimetype == kind


@pytest.mark.parametrize("headers", [{}, HTMX, {"Accept": "application/json"}])
def test_a_crash_tells_only_its_id(
    quiet: Flask, headers: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        answer = quiet.test_client().get("/page/fail/crash", headers=headers)
    text = answer.get_data(as_text=True)
    assert answer.status_code == 500
    assert "secret" not in text
    assert "ZeroDivision" not in text
    assert "Traceback" not in text
    number = answer.headers["X-Request-ID"]
    assert number in text
    assert number in caplog.text
    assert "a secret in a message" in caplog.text


def test_a_crash_under_the_api_is_a_problem(quiet: Flask) -> None:
    answer = quiet.test_client().get("/api/fail/?kind=crash")
    assert answer.status_code == 500
    assert answer.content_type == "application/problem+json"
    assert answer.json["code"] == "internal-error"


def test_an_error_page_that_fails_itself_is_still_a_page(
    quiet: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*arguments: object, **options: object) -> str:
        raise RuntimeError("the template, too")

    monkeypatch.setattr(problems, "render_template", broken)
    for headers in ({}, HTMX):
        answer = quiet.test_client().get("/page/fail/missing", headers=headers)
        assert answer.status_code == 404
        assert "There is no portfolio 7 of yours." in answer.get_data(as_text=True)
        assert "too" not in answer.get_data(as_text=True)


def test_without_a_database_there_is_still_an_answer(settings: Settings) -> None:
    from tests.web.conftest import build

    app = build(replace(settings, database_url="postgresql+psycopg2://nobody@127.0.0.1:1/none"))
    app.config["TESTING"] = False
    for path, kind in (
        ("/page/fail/range", "text/html"),
        ("/api/fail/?kind=range", "application/problem+json"),
    ):
        answer = app.test_client().get(path)
        assert (answer.status_code, answer.mimetype) == (503, kind)
        assert "127.0.0.1" not in answer.get_data(as_text=True)
    assert app.test_client().get("/healthz").status_code == 200


@pytest.mark.parametrize("status", [400, 403, 404, 405, 413, 415, 429, 503])
def test_http_errors_of_the_framework(anonymous: Callable[..., Any], status: int) -> None:
    if status == 405:
        answer = anonymous("PUT", "/page/token")
    else:
        answer = anonymous("GET", f"/page/fail/{status}", headers={"Accept": "application/json"})
    assert answer.status_code == status
    text = answer.get_data(as_text=True)
    assert "werkzeug" not in text.lower()


def test_people_are_sent_to_log_in_and_scripts_are_told(anonymous: Callable[..., Any]) -> None:
    for path in ("/page/private", "/page/fail/login"):
        page = anonymous("GET", path)
        assert page.status_code == 303
        htmx = anonymous("GET", path, headers=HTMX)
        assert htmx.status_code == 200
        assert "HX-Redirect" in htmx.headers
        script = anonymous("GET", path, headers={"Accept": "application/json"})
        assert script.status_code == 401
        assert script.headers["WWW-Authenticate"].startswith("Bearer")


def test_html_in_a_message_stays_text(quiet: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    evil = errors.NotFound("There is no <script>alert(1)</script> here.")
    monkeypatch.setitem(failures.FAILURES, "evil", evil)
    for headers in ({}, HTMX):
        text = quiet.test_client().get("/page/fail/evil", headers=headers).get_data(as_text=True)
        assert "<script>alert" not in text
        assert "&lt;script&gt;" in text


@pytest.mark.parametrize(
    "given", ["", "short", "a b c d e f g", "x" * 65, "evil\x0b12345", "ä" * 9]
)
def test_a_bad_request_id_is_replaced(anonymous: Callable[..., Any], given: str) -> None:
    answer = anonymous("GET", "/healthz", headers={"X-Request-ID": given})
    assert re.fullmatch(r"[0-9a-f]{24}", answer.headers["X-Request-ID"])


def test_a_good_request_id_is_kept(anonymous: Callable[..., Any]) -> None:
    answer = anonymous("GET", "/healthz", headers={"X-Request-ID": "proxy-1.2_3"})
    assert answer.headers["X-Request-ID"] == "proxy-1.2_3"


# --- the token endpoints' shapes ---------------------------------------------------------------


def test_plain_errors(anonymous: Callable[..., Any]) -> None:
    path = "/api/plain/"

    def post(**options: Any) -> tuple[int, Any]:
        answer = anonymous("POST", path, **options)
        assert answer.content_type == "application/json"
        return answer.status_code, answer.json

    assert post(json={"name": "a"}) == (200, {"ok": True})
    assert post(json={}) == (400, {"name": ["This field is required."]})
    assert post(json={"name": 1}) == (400, {"name": ["Not a valid string."]})
    status, body = post(data="{", content_type="application/json")
    assert status == 400
    assert body["detail"].startswith("JSON parse error - Expecting property name")
    assert post(data="x", content_type="text/plain") == (
        415,
        {"detail": 'Unsupported media type "text/plain" in request.'},
    )
    refused = anonymous("POST", path, json={"name": "a", "fail": True})
    assert refused.status_code == 401
    assert refused.json == {"detail": "No.", "code": "token_not_valid"}
    assert refused.headers["WWW-Authenticate"] == 'Bearer realm="api"'
    for slash in (path, path.rstrip("/")):
        wrong = anonymous("GET", slash)
        assert (wrong.status_code, wrong.json) == (405, {"detail": 'Method "GET" not allowed.'})
