"""The `flask` commands when their servers do not answer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from stocksite import cli_progress, create_app
from stocksite.core import database
from stocksite.settings import Settings

AWAY = "postgresql+psycopg2://nobody@127.0.0.1:1/nothing"


@pytest.mark.parametrize(
    "words",
    [
        ("create-admin", "ada"),
        ("forecast", "AAPL"),
        ("load-stock-data", "AAPL"),
        ("prepare",),
        ("seed-demo",),
        ("snapshot",),
        ("train-model", "AAPL"),
        ("verify-ledger",),
    ],
)
def test_a_database_that_is_away_is_one_sentence(
    words: tuple[str, ...], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "_factory", database._factory)  # put back when the test ends
    app = create_app(replace(settings, database_url=AWAY))
    said = app.test_cli_runner().invoke(args=list(words))
    assert said.exit_code == 1, said.output
    assert said.output.splitlines()[-1].startswith("Error: PostgreSQL does not answer")
    assert "Traceback" not in said.output


def test_migrating_never_guesses_a_database(settings: Settings, tmp_path: Path) -> None:
    """Without an address the client library would take whichever server this machine has."""
    nowhere = replace(settings, database_url=None, redis_url=None, data_dir=tmp_path)
    away = replace(settings, database_url=AWAY)
    for given, sentence in ((nowhere, "No site runs on"), (away, "PostgreSQL does not answer")):
        said = create_app(given).test_cli_runner().invoke(args=["db", "upgrade"])
        assert said.exit_code == 1
        assert sentence in said.output


def test_a_progress_bar_names_what_is_at_hand_and_never_none() -> None:
    assert [cli_progress.shown(one) for one in (None, [], "AAPL", ["MSFT", "IBM"])] == [
        *("", "[]", "AAPL", "MSFT")
    ]
