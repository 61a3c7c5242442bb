"""The plumbing of operations: who may, which address, which query, which page, how often."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from stocksite.core.actor import Actor
from stocksite.settings import Settings
from stocksite.web import extensions
from tests.web import probes
from tests.web.conftest import build

BODY = {"name": "one"}


# --- who may -------------------------------------------------------------------------------------


def test_nobody_is_401_and_told_how(anonymous: Callable[..., Any]) -> None:
    for method, path in (("GET", "/api/probes/"), ("POST", "/api/probes/")):
        answer = anonymous(method, path, json=BODY)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"] == 'Bearer realm="api"'
        assert answer.content_type == "application/problem+json"
        assert answer.json["detail"] == "Authentication credentials were not provided."


def test_what_the_loader_found_wrong_is_told(probe_app: Flask) -> None:
    from flask import g

    messages = [{"token_class": "AccessToken", "token_type": "access", "message": "x"}]

    def fail(request: Any) -> None:
        g.auth_failure = {
            "detail": "Given token not valid for any token type",
            "code": "token_not_valid",
            "messages": messages,
        }

    manager = probe_app.login_manager  # type: ignore[attr-defined]
    before = manager._request_callback
    manager.request_loader(fail)
    try:
        answer = probe_app.test_client().get("/api/probes/")
        optional = probe_app.test_client().get("/api/whoami/?number=1")
    finally:
        manager.request_loader(before)
    assert answer.status_code == optional.status_code == 401
    assert answer.json["detail"] == "Given token not valid for any token type"
    assert answer.json["code"] == "token_not_valid"
    assert answer.json["messages"] == messages
    assert answer.json["type"] == "/problems/token-not-valid"
    assert answer.json["status"] == 401


def test_a_read_token_reads_only(probe_app: Flask, actor: Actor) -> None:
    client = probe_app.test_client()
    headers = {"X-Probe": f"{actor.user_id} token read 0"}
    assert client.get("/api/probes/", headers=headers).status_code == 200
    for method in ("POST", "DELETE"):
        path = "/api/probes/1/" if method == "DELETE" else "/api/probes/"
        answer = client.open(path, method=method, json=BODY, headers=headers)
        assert answer.status_code == 403
        assert answer.json["code"] == "read-only-token"


def test_a_session_needs_the_page_token_to_change_anything(probe_app: Flask, actor: Actor) -> None:
    client = probe_app.test_client()
    who = {"X-Probe": f"{actor.user_id} session write 0"}
    token = client.get("/page/token").get_data(as_text=True)
    assert client.get("/api/probes/", headers=who).status_code == 200
    for wrong in ({}, {"X-CSRFToken": ""}, {"X-CSRFToken": "x"}, {"X-CSRFToken": token[:-1]}):
        answer = client.post("/api/probes/", json=BODY, headers={**who, **wrong})
        assert answer.status_code == 403, wrong
        assert answer.json["code"] == "csrf-failed"
    for name in ("X-CSRFToken", "X-CSRF-Token"):
        answer = client.post("/api/probes/", json=BODY, headers={**who, name: token})
        assert answer.status_code == 201
    other = probe_app.test_client()
    assert (
        other.post("/api/probes/", json=BODY, headers={**who, "X-CSRFToken": token}).status_code
        == 403
    )


def test_another_site_cannot_use_the_session(probe_app: Flask, actor: Actor) -> None:
    client = probe_app.test_client()
    token = client.get("/page/token").get_data(as_text=True)
    headers = {
        "X-Probe": f"{actor.user_id} session write 0",
        "X-CSRFToken": token,
        "Sec-Fetch-Site": "cross-site",
    }
    answer = client.post("/api/probes/", json=BODY, headers=headers)
    assert answer.status_code == 403
    assert answer.content_type == "application/problem+json"


def test_what_is_for_administrators_does_not_exist_for_others(
    probe_app: Flask, call: Callable[..., Any], anonymous: Callable[..., Any]
) -> None:
    assert call("POST", "/api/admin-only/").status_code == 404
    assert anonymous("POST", "/api/admin-only/").status_code == 401
    admin = {"X-Probe": "1 token write 1"}
    assert probe_app.test_client().post("/api/admin-only/", headers=admin).status_code == 200


def test_who_acts_may_be_optional(call: Callable[..., Any], anonymous: Callable[..., Any]) -> None:
    assert anonymous("GET", "/api/whoami/?number=3").json == {"user": None, "number": 3}
    assert call("GET", "/api/whoami/?number=3").json["user"] is not None


# --- addresses -----------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/api/probes/", "/api/probes"])
def test_the_last_slash_does_not_matter(call: Callable[..., Any], path: str) -> None:
    assert call("GET", path).status_code == 200
    assert call("POST", path, json=BODY).status_code == 201


@pytest.mark.parametrize("path", ["/api/probes/7/", "/api/probes/7"])
def test_nor_behind_a_variable(call: Callable[..., Any], path: str) -> None:
    assert call("GET", path).json == {"number": 7}
    deleted = call("DELETE", path)
    assert deleted.status_code == 204
    assert deleted.data == b""
    assert "Content-Type" not in deleted.headers


@pytest.mark.parametrize(
    "number",
    ["0x7", "-1", "1.5", "+1", "٣", "9223372036854775808", "9" * 25, "9" * 500, "null", "%20", ""],
)
def test_what_is_no_id_is_404(call: Callable[..., Any], number: str) -> None:
    answer = call("GET", f"/api/probes/{number}/x" if not number else f"/api/probes/{number}/")
    assert answer.status_code == 404
    assert answer.content_type == "application/problem+json"


def test_the_largest_id_is_asked_for(call: Callable[..., Any]) -> None:
    assert call("GET", "/api/probes/9223372036854775807/").status_code == 200


@pytest.mark.parametrize("word", ["%00", "a%00b", "%00%00/"])
def test_nul_in_a_path_is_400(anonymous: Callable[..., Any], word: str) -> None:
    assert anonymous("GET", f"/api/words/{word}").status_code == 400


@pytest.mark.parametrize("word", ["%ED%A0%80", "%FF", "%F0%9F%98%80", "..%2f", "'", "x" * 3000])
def test_strange_words_in_a_path_do_not_crash(anonymous: Callable[..., Any], word: str) -> None:
    assert anonymous("GET", f"/api/words/{word}/").status_code in (200, 404)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/api/probes/", {"GET", "HEAD", "OPTIONS", "POST"}),
        ("DELETE", "/api/probes/", {"GET", "HEAD", "OPTIONS", "POST"}),
        ("POST", "/api/probes/1/", {"DELETE", "GET", "HEAD", "OPTIONS"}),
        ("POST", "/api/probes/1", {"DELETE", "GET", "HEAD", "OPTIONS"}),
        ("GET", "/api/words/refresh/", {"OPTIONS", "POST"}),
        ("GET", "/api/words/refresh", {"OPTIONS", "POST"}),
        ("TRACE", "/api/openapi.json", {"GET", "HEAD", "OPTIONS"}),
    ],
)
def test_another_method_is_405_and_says_which(
    anonymous: Callable[..., Any], method: str, path: str, allowed: set[str]
) -> None:
    answer = anonymous(method, path)
    assert answer.status_code == 405
    assert answer.content_type == "application/problem+json"
    assert set(answer.headers["Allow"].split(", ")) == allowed


def test_head_and_options(call: Callable[..., Any]) -> None:
    head = call("HEAD", "/api/probes/1/")
    assert (head.status_code, head.data) == (200, b"")
    assert head.headers["Content-Type"] == "application/json"
    options = call("OPTIONS", "/api/probes/")
    assert options.status_code == 200
    assert set(options.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS", "POST"}
    literal = call("OPTIONS", "/api/words/refresh/")
    assert (literal.status_code, literal.data) == (200, b"")
    assert set(literal.headers["Allow"].split(", ")) == {"OPTIONS", "POST"}
    assert call("POST", "/api/words/refresh").json == {"word": "refreshed"}
    assert call("GET", "/api/words/refreshed/").json == {"word": "refreshed"}


# --- queries and pages -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("page=0", "page"),
        ("page=-1", "page"),
        ("page=1.0", "page"),
        ("page=", "page"),
        ("page=x", "page"),
        ("page=1e3", "page"),
        ("page=1_0", "page"),
        ("page=" + "9" * 400, "page"),
        ("page=1000001", "page"),
        ("page=%D9%A3", "page"),
        ("page_size=0", "page_size"),
        ("page_size=201", "page_size"),
        ("page=1&page=2", "page"),
        ("status=lost", "status"),
        ("status=", "status"),
        ("status=queued&status=done", "status"),
        ("from=2010-13-01", "from"),
        ("from_=2010-01-01", "from_"),
        ("since=yesterday", "since"),
        ("ordering=user_id", "ordering"),
        ("ordering=--id", "ordering"),
        ("ordering=id,", "ordering"),
        ("ordering=", "ordering"),
        ("ordering=id;drop", "ordering"),
        ("nonsense=1", "nonsense"),
        ("Page=1", "Page"),
    ],
)
def test_a_wrong_query_is_400_with_the_name(
    call: Callable[..., Any], query: str, field: str
) -> None:
    answer = call("GET", f"/api/probes/?{query}")
    assert answer.status_code == 400
    assert answer.json["code"] == "invalid-query"
    assert [e["field"] for e in answer.json["errors"]] == [field]
    assert field in answer.json["detail"]


@pytest.mark.parametrize("query", ["status=%00", "%00=1", "status=queued%00"])
def test_nul_in_a_query_is_400(call: Callable[..., Any], query: str) -> None:
    assert call("GET", f"/api/probes/?{query}").status_code == 400


@pytest.mark.parametrize(
    "query",
    [
        "status=queued",
        "from=2010-01-01",
        "since=2010-01-01T00:00:00Z",
        "since=2010-01-01T00:00:00+01:00",
        "since=2010-01-01T00:00:00%2B01:00",
        "ordering=-id",
        "ordering=created_at,-id",
        "page=1000000",
        "page_size=200",
        "",
    ],
)
def test_a_good_query_is_answered(call: Callable[..., Any], query: str) -> None:
    assert call("GET", f"/api/probes/?{query}").status_code == 200


def _rows(session: Session, count: int) -> list[str]:
    ids = [probes.insert_row(session) for _ in range(count)]
    session.commit()
    return ids


def test_pages_cover_the_list_once(call: Callable[..., Any], session: Session) -> None:
    ids = _rows(session, 7)
    seen: list[str] = []
    path: str | None = "/api/probes/?page_size=3&ordering=created_at&status=queued"
    pages = 0
    while path:
        answer = call("GET", path.removeprefix("http://localhost"))
        assert answer.json["count"] == 7
        seen += [row["id"] for row in answer.json["results"]]
        path = answer.json["next"]
        pages += 1
    assert pages == 3
    assert seen == ids
    assert answer.json["previous"].startswith("http://localhost/api/probes/?page_size=3&ordering")
    assert answer.json["previous"].endswith("status=queued&page=2")


def test_the_first_page_has_nothing_before_it(call: Callable[..., Any], session: Session) -> None:
    _rows(session, 3)
    first = call("GET", "/api/probes/?page_size=2").json
    assert list(first) == ["count", "next", "previous", "results"]
    assert first["previous"] is None
    assert first["next"] == "http://localhost/api/probes/?page_size=2&page=2"
    second = call("GET", "/api/probes/?page_size=2&page=2").json
    assert second["previous"] == "http://localhost/api/probes/?page_size=2"
    assert second["next"] is None


def test_beyond_the_end_is_empty_and_leads_back(call: Callable[..., Any], session: Session) -> None:
    _rows(session, 3)
    answer = call("GET", "/api/probes/?page_size=2&page=9").json
    assert answer == {
        "count": 3,
        "next": None,
        "previous": "http://localhost/api/probes/?page_size=2&page=2",
        "results": [],
    }


def test_the_default_size_is_the_setting(
    call: Callable[..., Any], session: Session, probe_app: Flask
) -> None:
    _rows(session, 51)
    assert len(call("GET", "/api/probes/").json["results"]) == probe_app.config["PAGE_SIZE"] == 50
    assert len(call("GET", "/api/probes/?page_size=200").json["results"]) == 51


# --- limits --------------------------------------------------------------------------------------


def test_a_limit_is_told_and_held(call: Callable[..., Any]) -> None:
    first, second, third = (call("GET", "/api/limited/") for _ in range(3))
    assert (first.status_code, second.status_code, third.status_code) == (200, 200, 429)
    assert first.headers["RateLimit-Limit"] == "2"
    assert (first.headers["RateLimit-Remaining"], second.headers["RateLimit-Remaining"]) == (
        "1",
        "0",
    )
    assert 0 < int(first.headers["RateLimit-Reset"]) <= 3600
    assert third.content_type == "application/problem+json"
    assert third.json["code"] == "too-many-requests"
    assert third.json["retry_after"] == int(third.headers["Retry-After"])
    assert 0 < third.json["retry_after"] <= 3600
    assert third.headers["RateLimit-Remaining"] == "0"


def test_the_limit_counts_people_not_addresses(
    probe_app: Flask, make_user: Callable[..., Actor]
) -> None:
    for _ in range(2):
        headers = {"X-Probe": f"{make_user().user_id} token write 0"}
        statuses = [
            probe_app.test_client().get("/api/limited/", headers=headers).status_code
            for _ in range(3)
        ]
        assert statuses == [200, 200, 429]


def test_who_may_not_ask_uses_nothing_up(
    call: Callable[..., Any], anonymous: Callable[..., Any]
) -> None:
    assert {anonymous("GET", "/api/limited/").status_code for _ in range(4)} == {401}
    assert call("GET", "/api/limited/").status_code == 200


def test_the_common_limit_counts_strangers_by_address(
    probe_app: Flask, monkeypatch: pytest.MonkeyPatch, anonymous: Callable[..., Any]
) -> None:
    monkeypatch.setitem(probe_app.config, "API_LIMIT_STRANGERS", "3 per hour")
    statuses = [
        anonymous("GET", path).status_code for path in ("/api/openapi.json", "/api/probes/") * 2
    ]
    assert statuses == [200, 401, 200, 429]
    elsewhere = anonymous("GET", "/api/openapi.json", environ_base={"REMOTE_ADDR": "10.9.8.7"})
    assert elsewhere.status_code == 200


def test_without_the_counter_reading_goes_on_and_guarded_things_stop(
    settings: Settings, actor: Actor, monkeypatch: pytest.MonkeyPatch, call: Callable[..., Any]
) -> None:
    from redis.exceptions import ConnectionError as Away

    def away(*arguments: object, **options: object) -> None:
        raise Away("no route")

    monkeypatch.setattr(extensions.limiter.limiter, "hit", away)
    assert call("GET", "/api/probes/").status_code == 200
    guarded = call("GET", "/api/limited/")
    assert guarded.status_code == 503
    assert guarded.json["code"] == "unavailable"


def test_production_has_real_limits(settings: Settings) -> None:
    app = build(replace(settings, app_env="development"))
    assert app.config["API_LIMIT_PEOPLE"] == "6000 per minute"
    assert app.config["API_LIMIT_STRANGERS"] == "600 per minute"


# --- CORS ----------------------------------------------------------------------------------------


def test_no_origin_is_allowed_unless_named(anonymous: Callable[..., Any]) -> None:
    answer = anonymous("GET", "/api/openapi.json", headers={"Origin": "https://elsewhere.example"})
    assert not [name for name in answer.headers.keys() if name.startswith("Access-Control")]


def test_named_origins_may_read_the_api_and_nothing_else(settings: Settings) -> None:
    app = build(replace(settings, cors_origins=("https://friend.example",)))
    client = app.test_client()
    friend = {"Origin": "https://friend.example"}
    answer = client.get("/api/openapi.json", headers=friend)
    assert answer.headers["Access-Control-Allow-Origin"] == "https://friend.example"
    assert "Origin" in answer.headers["Vary"]
    assert "Access-Control-Allow-Credentials" not in answer.headers
    for other in ("https://friend.example.evil", "http://friend.example", "null", "*"):
        strange = client.get("/api/openapi.json", headers={"Origin": other})
        assert "Access-Control-Allow-Origin" not in strange.headers
        assert "Origin" in strange.headers["Vary"]
    assert "Access-Control-Allow-Origin" not in client.get("/healthz", headers=friend).headers
    preflight = client.options(
        "/api/probes/",
        headers={
            **friend,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization",
        },
    )
    assert preflight.status_code == 200
    assert "POST" in preflight.headers["Access-Control-Allow-Methods"]
    assert "Authorization" in preflight.headers["Access-Control-Allow-Headers"]


def test_a_friend_may_write_without_credentials_of_the_browser(settings: Settings) -> None:
    """Getting a JWT from an allowed origin is a cross-site POST without Authorization."""
    app = build(replace(settings, cors_origins=("https://friend.example",)))
    headers = {"Origin": "https://friend.example", "Sec-Fetch-Site": "cross-site"}
    answer = app.test_client().post("/api/strangers/", json={"weight": 1}, headers=headers)
    assert answer.status_code == 201
    evil = {**headers, "Origin": "https://evil.example"}
    assert (
        app.test_client().post("/api/strangers/", json={"weight": 1}, headers=evil).status_code
        == 403
    )
    form = app.test_client().post("/page/form", headers=headers)
    assert form.status_code in (400, 403)


# --- the promise to the document -------------------------------------------------------------------


def test_an_undocumented_status_fails_the_tests(call: Callable[..., Any]) -> None:
    with pytest.raises(AssertionError, match="POST /lies/ answered 409"):
        call("POST", "/api/lies/")
