"""How often the API may be called, and from which other sites."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask

from stocksite.core.actor import Actor
from stocksite.settings import Settings
from stocksite.web import extensions
from tests.web.conftest import build

BODY = {"name": "one"}


# --- limits ------------------------------------------------------------------------------------


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


# --- CORS --------------------------------------------------------------------------------------


def test_no_origin_is_allowed_unless_named(anonymous: Callable[..., Any]) -> None:
    answer = anonymous("GET", "/api/openapi.json", headers={"Origin": "https://elsewhere.example"})
    assert not [name for name, _ in answer.headers if name.startswith("Access-Control")]


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
