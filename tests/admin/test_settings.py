"""No secret is ever shown."""

from __future__ import annotations

from dataclasses import fields
from decimal import Decimal

import pytest

from stocksite.admin import configuration
from stocksite.settings import Settings
from tests.conftest import SETTINGS
from tests.site.world import Page

SECRET = "s3cret-that-nobody-may-see"


def _shown(**values: object) -> dict[str, str]:
    return {line.name: line.value for line in configuration.lines(Settings(**values))}  # type: ignore[arg-type]


def test_no_secret_field_shows_its_value() -> None:
    secret = {f.name: SECRET for f in fields(Settings) if not f.repr}
    assert {"secret_key", "jwt_key", "massive_api_key", "database_url"} <= set(secret)
    tuples = {f.name for f in fields(Settings) if isinstance(f.default, tuple)}
    for name in secret:
        value: object = (SECRET,) if name in tuples else SECRET
        if name.endswith("_url"):
            value = f"smtp://user:{SECRET}@mail.example:587/x?password={SECRET}"
        assert SECRET not in str(_shown(**{name: value})), name


def test_urls_tell_where_they_lead() -> None:
    shown = _shown(database_url="postgresql+psycopg2://site:pw@db.example:5432/stocksite?a=b")
    assert shown["DATABASE_URL"] == ("postgresql+psycopg2://site:•••@db.example:5432/stocksite?•••")
    assert _shown(redis_url="unix:///run/valkey.sock?db=0")["REDIS_URL"] == (
        "unix:///run/valkey.sock?•••"
    )
    assert _shown(redis_url="redis://127.0.0.1:6379/0")["REDIS_URL"] == "redis://127.0.0.1:6379/0"
    assert _shown()["REDIS_URL"] == "not set"


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://site:{SECRET}/x@db.example/stocksite",
        f"postgresql://site:a/{SECRET}@db.example/stocksite",
        f"postgresql://site:a@{SECRET}@db.example/stocksite",
        f"postgresql://site:a?{SECRET}@db.example/stocksite",
        f"postgresql://site:a#{SECRET}@db.example/stocksite",
        f"redis://127.0.0.1:6379/0?password=a@{SECRET}",
        f"smtp://{SECRET}@mail.example",
        SECRET,
    ],
)
def test_a_password_of_odd_characters_stays_hidden_too(url: str) -> None:
    assert SECRET not in _shown(database_url=url)["DATABASE_URL"]


def test_a_number_written_another_way_is_not_a_change() -> None:
    settings = Settings.from_env({"EVENT_THRESHOLD_PCT": "2.0", "REPLAY_SPEED": "390"})
    shown = {line.name: line for line in configuration.lines(settings)}
    for name in ("EVENT_THRESHOLD_PCT", "REPLAY_SPEED"):
        assert shown[name].value == shown[name].default
    assert _shown(event_threshold_pct=Decimal("2.50"))["EVENT_THRESHOLD_PCT"] == "2.5"
    assert _shown(event_threshold_pct=Decimal(20))["EVENT_THRESHOLD_PCT"] == "20"


def test_the_page_marks_what_was_changed(panel: Page) -> None:
    page = panel("GET", "/admin/settings").text
    assert SETTINGS.secret_key not in page
    assert SETTINGS.jwt_key not in page
    assert f"set ({len(SETTINGS.secret_key)} characters)" in page
    assert "changed" in page
