"""Forms at the door, and the settings of the app."""

from __future__ import annotations

from dataclasses import replace

import pytest
from flask import Flask

from stocksite.settings import Settings, SettingsError
from stocksite.web import setup

# --- forms -------------------------------------------------------------------------------------


@pytest.mark.parametrize("data", [{"name": "a\0b"}, {"a\0": "b"}])
@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data"])
def test_nul_in_a_form_is_refused_at_the_door(
    probe_app: Flask, data: dict[str, str], kind: str
) -> None:
    client = probe_app.test_client()
    token = client.get("/page/token").get_data(as_text=True)
    good = client.post("/page/form", data={"csrf_token": token, "name": "ab"}, content_type=kind)
    assert good.status_code == 200
    bad = client.post("/page/form", data={"csrf_token": token, **data}, content_type=kind)
    assert bad.status_code == 400
    assert "NUL" in bad.get_data(as_text=True)


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data"])
def test_a_form_of_more_than_a_mebibyte_is_413(probe_app: Flask, kind: str) -> None:
    answer = probe_app.test_client().post(
        "/page/form", data={"name": "x" * 1024 * 1024}, content_type=kind
    )
    assert answer.status_code == 413


def test_a_form_without_its_token_is_refused(probe_app: Flask) -> None:
    assert probe_app.test_client().post("/page/form", data={"name": "a"}).status_code == 400


# --- configuration -----------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["", "x" * 31])
def test_production_refuses_a_weak_secret(settings: Settings, key: str) -> None:
    with pytest.raises(SettingsError, match="SECRET_KEY"):
        setup.configure(Flask("probe"), replace(settings, app_env="production", secret_key=key))


def test_production_cookies_are_hard(settings: Settings) -> None:
    app = Flask("probe")
    setup.configure(app, replace(settings, app_env="production"))
    assert app.config["SESSION_COOKIE_NAME"] == "__Host-session"
    assert app.config["SESSION_COOKIE_SECURE"]
    assert app.config["SESSION_COOKIE_HTTPONLY"]
    assert app.config["SESSION_COOKIE_SAMESITE"] == "Lax"


def test_an_unknown_host_is_refused(settings: Settings) -> None:
    from tests.web.conftest import build

    app = build(replace(settings, trusted_hosts=("stocksite.example",)))
    client = app.test_client()
    assert client.get("/healthz", headers={"Host": "stocksite.example"}).status_code == 200
    evil = client.get("/api/openapi.json", headers={"Host": "evil.example"})
    assert evil.status_code == 400
    page = client.get("/nothing", headers={"Host": "evil.example"})
    assert page.status_code == 400
    assert "evil" not in page.get_data(as_text=True)
