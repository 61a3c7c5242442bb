"""The commands, as somebody types them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from click.testing import CliRunner, Result
from flask import Flask
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from stocksite import cli_live
from stocksite.core import database
from stocksite.market.providers import setup
from tests.emulator import Emulator
from tests.market.live.conftest import MASSIVE_KEY, NOW, SETTINGS, bars_of, count

Run = Callable[..., Result]


@pytest.fixture
def run(
    emulator: Emulator,
    live: Session,
    live_engine: Engine,
    redis_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Run]:
    app = Flask("commands")
    app.extensions["settings"] = replace(
        SETTINGS,
        **emulator.settings(),  # type: ignore[arg-type]
        database_url=live_engine.url.render_as_string(hide_password=False),
        redis_url=redis_url,
    )
    opened = setup.open_desk
    engines: list[Engine] = []
    connect = database.connect

    def connected(url: str) -> Engine:
        engines.append(connect(url))
        return engines[-1]

    monkeypatch.setattr(
        cli_live,
        "open_desk",
        lambda s, r, m: opened(s, r, replace(m, patience_s=0), now=lambda: NOW),
    )
    monkeypatch.setattr(cli_live, "connect", connected)

    def command(name: str, *arguments: str) -> Result:
        chosen = next(c for c in cli_live.COMMANDS if c.name == name)
        with app.app_context():
            return CliRunner().invoke(chosen, arguments)

    yield command
    for engine in engines:
        engine.dispose()


def test_load_stock_data(run: Run, live: Session) -> None:
    done = run("load-stock-data", "ibm", "NOSUCH", "São")
    assert done.exit_code == 1
    assert "IBM: 505 new days from massive" in done.output
    assert "NOSUCH" in done.output
    assert "2 of 3 could not be loaded" in done.output
    assert len(bars_of(live, "IBM")) == 505
    again = run("load-stock-data")
    assert again.exit_code == 0
    assert "IBM: up to date already" in again.output


def test_fetch_brings_everything_there_is(run: Run, live: Session, emulator: Emulator) -> None:
    done = run("fetch", "ibm")
    assert done.exit_code == 0, done.output
    assert "IBM: 505 new days from massive" in done.output
    assert "company from massive, 10 competitors from marketwatch" in done.output
    assert count(live, "quote", "source = 'yahoo'") == 1
    wrong = run("fetch", "NOSUCH", "S o")
    assert wrong.exit_code == 1
    assert "2 of 2 could not be fetched in full" in wrong.output
    assert run("fetch").exit_code == 2
    assert run("quotes", "S o").exit_code == 1


def test_quotes_providers_and_purge(run: Run, live: Session, emulator: Emulator) -> None:
    run("load-stock-data", "IBM", "MSFT")
    assert "2 prices from yahoo." in run("quotes").output
    emulator.fault("echo", code=500)
    assert run("quotes").exit_code == 1
    state = run("providers").output
    assert "left of 1,000 a day" in state
    assert "last error" in state
    assert MASSIVE_KEY not in state
    assert run("purge-provider", "--yes", "massive").exit_code == 0
    assert count(live, "bar") == 0
    assert "no provider" in run("purge-provider", "--yes", "sample").output
