"""The plumbing of operations: who may ask, and at which address."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from stocksite.core.actor import Actor

BODY = {"name": "one"}


# --- who may -----------------------------------------------------------------------------------


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


# --- addresses ---------------------------------------------------------------------------------


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


# --- the promise to the document ---------------------------------------------------------------


def test_an_undocumented_status_fails_the_tests(call: Callable[..., Any]) -> None:
    with pytest.raises(AssertionError, match="POST /lies/ answered 409"):
        call("POST", "/api/lies/")
