"""What ties live data to the rest: the schedule, the start, the logs, the administrators."""

from __future__ import annotations

import io
import logging
import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from stocksite import create_app, schedule
from stocksite.auth.service import register
from stocksite.cli_people import create_admin
from stocksite.core import database
from stocksite.core.calendar import xnys
from stocksite.core.clock import wall_now
from stocksite.market import sources
from stocksite.market.providers.redaction import guard_logs
from stocksite.market.providers.setup import Desk
from stocksite.market.service import bars, bulk, clock, quotes, quoting
from stocksite.market.service.fetching import fetch_history
from stocksite.portfolios.service import snapshots
from stocksite.settings import Settings, SettingsError
from tests.market.live.conftest import MASSIVE_KEY, NOW, SETTINGS, count

HOUR = timedelta(hours=1)
MIDNIGHT = datetime(2026, 11, 20, 0, 0, tzinfo=UTC)
LIVE = {
    "stocksite.market.jobs.refresh_quotes",
    "stocksite.market.jobs.refresh_sessions",
    "stocksite.market.jobs.catch_up",
}


@pytest.mark.parametrize("live_market", [True, False])
def test_live_jobs_are_due_in_a_live_market_only(live: Session, live_market: bool) -> None:
    live.execute(text("TRUNCATE job CASCADE"))
    for _ in range(2):
        schedule._periodic(live, MIDNIGHT, live=live_market)
    due = live.scalars(text("SELECT function FROM job")).all()
    assert set(due) & LIVE == (LIVE if live_market else set())
    assert len(due) == len(set(due)), "a slot acted twice"


def test_a_wrong_limit_ends_the_start_in_one_sentence() -> None:
    wrong = replace(SETTINGS, secret_key="s" * 40, yahoo_limits="often")
    with pytest.raises(SettingsError, match="YAHOO_LIMITS: 'often' is no limit"):
        create_app(wrong)
    create_app(replace(wrong, market="sample"))


def test_limits_come_from_the_environment() -> None:
    assert Settings.from_env({"MASSIVE_LIMITS": "9/90"}).massive_limits == "9/90"
    assert Settings.from_env({}).massive_limits == "5/minute"


@pytest.mark.parametrize("raised", [True, False])
def test_no_log_of_this_process_holds_a_key(raised: bool) -> None:
    create_app(replace(SETTINGS, secret_key="s" * 40))
    guard_logs()
    guard_logs()
    out = io.StringIO()
    log = logging.getLogger("somebody.else")
    handler = logging.StreamHandler(out)
    log.addHandler(handler)
    log.propagate = False
    try:
        if raised:
            try:
                raise ValueError(f"GET /v2?apiKey={MASSIVE_KEY}")
            except ValueError:
                log.exception("it failed")
        else:
            log.error("asked with %s of %d", MASSIVE_KEY, 3)
    finally:
        log.removeHandler(handler)
    assert MASSIVE_KEY not in out.getvalue()
    assert "[key]" in out.getvalue()
    assert ("Traceback" in out.getvalue()) == raised


@pytest.fixture
def command(live: Session, live_engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Flask:
    app = Flask("commands")
    url = live_engine.url.render_as_string(hide_password=False)
    app.extensions["settings"] = replace(SETTINGS, database_url=url, redis_url="redis://unused")
    monkeypatch.setattr(database, "connect", lambda _: live_engine)
    live.execute(text('TRUNCATE "user" CASCADE'))
    live.commit()
    return app


def test_create_admin(command: Flask, live: Session) -> None:
    def run(*words: str, typed: str | None = None) -> tuple[int, str]:
        with command.app_context():
            done = CliRunner().invoke(create_admin, words, input=typed)
        return done.exit_code, done.output

    secret = "correct horse battery"
    code, said = run("ada", typed=f"ada@example.com\n{secret}\n{secret}\n")
    assert (code, "new administrator" in said) == (0, True)
    assert secret not in said
    assert run("ADA") == (0, "ADA is an administrator already.\n")
    live.execute(text('UPDATE "user" SET is_admin = false'))
    live.commit()
    assert run("ada") == (0, "ada is an administrator now.\n")
    assert count(live, '"user"', "is_admin") == 1
    code, said = run("bob", "--email", "nonsense", "--password", "short")
    assert code == 1
    assert re.search(r"Error: .*e-mail address", said)
    assert count(live, '"user"') == 1


def test_a_price_that_has_grown_old_reaches_open_pages(desk: Desk, live: Session) -> None:
    fetch_history(desk, "IBM")
    live.rollback()
    before = live.scalar(text("SELECT tick FROM quote"))
    settled = datetime(2012, 3, 2, 21, 30, tzinfo=UTC)
    for now, gone in ((NOW, 0), (settled - timedelta(minutes=1), 0), (settled, 1)):
        assert quoting.tell_stale(live, now, timedelta(minutes=3)) == gone, now
    assert quoting.tell_stale(live, settled + timedelta(minutes=9), timedelta(minutes=3)) == 0
    assert live.scalar(text("SELECT tick FROM quote")) > before


def test_the_quote_serves_until_the_sessions_bar_is_there(desk: Desk, live: Session) -> None:
    fetch_history(desk, "IBM")
    live.rollback()
    stock = live.scalar(text("SELECT id FROM stock"))
    day, end = date(2012, 3, 1), date(2012, 3, 2)
    live.execute(text("UPDATE quote SET session_date = '2012-03-02', price = 201.5"))
    assert bulk.read(live, stock, day, end).days.tolist() == [day]
    both = bulk.read(live, stock, day, day, running=end)
    assert (both.days.tolist(), both.close[-1]) == ([day, end], 201.5)
    live.execute(text("UPDATE quote SET session_date = '2012-03-01'"))
    again = bulk.read(live, stock, day, day, running=day)
    assert (again.days.tolist(), again.close[0] == 201.5) == ([day], False)
    state = replace(clock.state(live), session_date=end, phase="closed")
    live.execute(text("UPDATE quote SET session_date = '2012-03-02'"))
    seen = bars.arrays(live, stock, day, None, "raw", state)
    assert (seen.days.tolist(), seen.partial) == ([day, end], False)


def test_a_quote_says_where_it_is_from(desk: Desk, live: Session) -> None:
    fetch_history(desk, "IBM")
    live.rollback()
    quote = quotes.of(live, "IBM")
    assert sources.described(quote.source, quote.delay) == "Massive, close of the session"
    assert sources.described("yahoo", "delayed") == "Yahoo, 15 minutes late"
    assert sources.described("sample", "realtime") == "Sample market"
    assert sources.described(None, "eod") == ""


def test_a_site_that_opens_after_the_close_has_nothing_to_snapshot(live: Session) -> None:
    live.execute(text('TRUNCATE "user" CASCADE'))
    register(
        live, username="ada", email="ada@example.com", password="correct horse", now=wall_now()
    )
    last = xnys().last_closed(wall_now())
    assert last is not None
    live.execute(text("UPDATE portfolio SET created_at = :now"), {"now": last.close + HOUR})
    assert snapshots.catch_up(live, last.date) == 0
    live.execute(text("UPDATE portfolio SET created_at = :now"), {"now": last.close - HOUR})
    assert snapshots.catch_up(live, last.date) == 1
