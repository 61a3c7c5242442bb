"""The `flask` commands, as somebody types them: what they say, and how they fail."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click import Context
from click.testing import Result
from flask import Flask
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from stocksite.auth.models import User
from stocksite.cli_more import SPELLINGS
from stocksite.core import database
from stocksite.core.clock import wall_now
from stocksite.core.queue import enqueue
from stocksite.desk.service import demo, diagnosis, preparation
from stocksite.settings import Settings, SettingsError
from tests.conftest import PASSWORD
from tests.site.world import MakeUser

ROOT = Path(__file__).resolve().parents[1]
OURS = {
    *("clock", "create-admin", "doctor", "fetch", "forecast", "load-stock-data", "postman"),
    *("prepare", "providers", "purge-provider", "quotes", "run-all", "seed-demo", "servers"),
    *("snapshot", "train-model", "verify-ledger", "worker", *SPELLINGS),
}

Run = Callable[..., Result]


@pytest.fixture
def run(app: Flask, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command on this worker's database."""
    app.cli.list_commands(Context(app.cli))  # imports them, before what they import is replaced
    monkeypatch.setattr(database, "connect", lambda url: engine)
    return lambda *words, **options: app.test_cli_runner().invoke(args=list(words), **options)


@pytest.mark.parametrize("name", sorted(OURS))
def test_every_command_explains_itself_with_an_example(run: Run, name: str) -> None:
    shown = run(name, "--help")
    assert shown.exit_code == 0
    assert re.search(r"Example:\s", shown.output)


def test_the_list_above_is_whole(app: Flask) -> None:
    theirs = {"db", "run", "shell", "routes", "limiter"}
    found = set(app.cli.list_commands(Context(app.cli)))
    assert "db" in found
    assert found - theirs == OURS - {"run", "shell"}


def test_the_old_spellings_are_the_same_commands(app: Flask) -> None:
    for old, name in SPELLINGS.items():
        asked = Context(app.cli)
        assert app.cli.get_command(asked, old) is app.cli.get_command(asked, name) is not None


def test_create_admin_makes_one_and_says_so(run: Run, session: Session) -> None:
    words = ("create-admin", "ada", "--email", "ada@example.com", "--password", PASSWORD)
    made = run(*words)
    assert (made.exit_code, "ada is a new administrator." in made.output) == (0, True)
    assert "already" in run("create-admin", "ada").output
    told = session.execute(text("SELECT actor, action, subject FROM admin_audit")).all()
    assert [tuple(row) for row in told] == [("command line", "user.promoted", "ada")]


def test_create_admin_promotes_and_refuses(run: Run, session: Session, make_user: MakeUser) -> None:
    make_user("plain")
    assert "plain is an administrator now." in run("create-admin", "plain").output
    weak = run("create-admin", "bob", "--email", "b@example.com", "--password", "short")
    assert weak.exit_code == 1
    assert weak.output.splitlines()[-1].startswith("Error: ")
    assert session.query(User).filter(User.username == "bob").count() == 0


def test_shell_has_the_session_and_the_models(app: Flask, run: Run, make_user: MakeUser) -> None:
    make_user("ada")
    with app.app_context():
        words = app.make_shell_context()
    with words["session"] as session:
        assert session.scalar(words["select"](words["User"].username)) == "ada"
    assert {"Stock", "Portfolio", "Order", "Transaction", "AdminAudit", "func"} <= set(words)


def test_servers_speaks_to_a_shell(run: Run, settings: Settings) -> None:
    told = run("servers").output
    script = f'{told}printf %s "$DATABASE_URL $REDIS_URL"'
    heard = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
    assert heard.stdout == f"{settings.database_url} {settings.redis_url}"


def test_postman_cannot_write_everywhere(run: Run, tmp_path: Path) -> None:
    good = run("postman", "--out", str(tmp_path / "made.json"))
    assert good.exit_code == 0
    assert (tmp_path / "made.json").read_text("utf-8") == run("postman").output
    bad = run("postman", "--out", str(tmp_path / "no" / "made.json"))
    assert bad.exit_code == 1
    assert "cannot be written" in bad.output


def test_the_sample_is_loaded_by_either_spelling(run: Run) -> None:
    for name in ("load-stock-data", "load_stock_data"):
        loaded = run(name, "aapl", "IBM")
        assert loaded.exit_code == 0, loaded.output
        assert "AAPL: " in loaded.output
        assert "days are stored" in loaded.output
    missing = run("load-stock-data", "AAPL", "TSLA")
    assert missing.exit_code == 1
    assert missing.output.splitlines()[-1].startswith(
        "Error: The sample market has no prices of TSLA"
    )


@pytest.mark.slow
def test_a_model_is_trained_by_either_spelling(run: Run) -> None:
    for name in ("train-model", "train_ml_model"):
        trained = run(name, "ibm", "--kind", "linear")
        assert trained.exit_code == 0, trained.output
        assert "Model version" in trained.output
    unknown = run("train-model", "NOSUCH")
    assert unknown.exit_code == 1
    assert "NOSUCH" in unknown.output


def test_a_database_of_an_older_version_is_one_sentence(run: Run, session: Session) -> None:
    session.execute(text("ALTER TABLE market_clock RENAME TO market_clock_of_old"))
    session.commit()
    try:
        said = run("snapshot")
    finally:
        session.execute(text("ALTER TABLE market_clock_of_old RENAME TO market_clock"))
        session.commit()
    assert said.exit_code == 1
    assert "Run `flask prepare` first." in said.output


# --- doctor ------------------------------------------------------------------------------------


def _wrong(settings: Settings) -> str:
    return "\n".join(line for good, line in diagnosis.diagnose(settings) if not good)


def test_doctor_finds_nothing_at_a_site_that_runs(
    run: Run, session: Session, settings: Settings
) -> None:
    session.execute(text("UPDATE market_clock SET ticked_at = now()"))
    session.commit()
    assert _wrong(settings) == ""
    shown = run("doctor")
    assert shown.exit_code == 0
    assert "PostgreSQL" in shown.output


def test_doctor_says_what_stands_still_and_what_starts_it(
    run: Run, session: Session, settings: Settings
) -> None:
    enqueue(session, "stocksite.market.jobs.refresh")
    session.execute(text("UPDATE market_clock SET ticked_at = now() - interval '1 hour'"))
    session.execute(text("UPDATE job SET created_at = now() - interval '1 hour'"))
    session.execute(
        text(
            "INSERT INTO job (id, function, title, arguments, queue, status, progress, message,"
            " attempts, created_at) VALUES ('f', 'stocksite.x', '', '{}', 'default', 'failed',"
            " 0, '', 3, now())"
        )
    )
    session.commit()
    told = _wrong(settings)
    assert "Start `flask clock`" in told
    assert "Start `flask worker`" in told
    assert "/admin/jobs" in told
    shown = run("doctor")
    assert shown.exit_code == 1
    assert shown.output.splitlines()[-1].startswith("Error: Mend")


def test_doctor_survives_servers_that_are_away(settings: Settings) -> None:
    away = replace(
        settings,
        database_url="postgresql+psycopg2://nobody@127.0.0.1:1/none",
        redis_url="redis://127.0.0.1:1/0",
    )
    told = _wrong(away)
    assert "Check DATABASE_URL" in told
    assert "Check REDIS_URL" in told


def test_doctor_holds_production_to_its_rules(settings: Settings) -> None:
    told = _wrong(replace(settings, app_env="production", secret_key="weak", demo=True))
    assert "SECRET_KEY" in told
    assert "DEMO=0" in told


def test_a_live_market_without_a_provider_is_told(settings: Settings) -> None:
    assert "MASSIVE_API_KEY" in _wrong(replace(settings, market="live"))


# --- the demo account of an earlier life --------------------------------------------------------


@pytest.fixture
def open_demo(session: Session) -> Any:
    """The account as `seed-demo` leaves it, without its portfolios."""
    from stocksite.auth.passwords import hash_password

    session.add(
        User(
            username=demo.USERNAME,
            email="demo@example.com",
            password_hash=hash_password(demo.PASSWORD),
            date_joined=wall_now(),
        )
    )
    session.commit()


def test_a_public_site_does_not_open_on_a_database_with_the_demo_account(
    run: Run, open_demo: Any, session: Session, settings: Settings
) -> None:
    public = replace(settings, app_env="production", trusted_hosts=("stocksite.example",))
    assert settings.database_url
    assert "seed-demo --close" in _wrong(public)
    with pytest.raises(SettingsError, match="seed-demo --close"):
        list(preparation.prepare_all(public, settings.database_url))
    list(
        preparation.prepare_all(
            replace(public, trusted_hosts=("localhost",)), settings.database_url
        )
    )

    assert "closed" in run("seed-demo", "--close").output
    assert "open again" in run("seed-demo").output
    assert "there already" in run("seed-demo").output
    assert "closed" in run("seed-demo", "--close").output
    assert demo.is_open(session) is False
    assert "seed-demo" not in _wrong(public)
    list(preparation.prepare_all(public, settings.database_url))


@pytest.mark.slow
def test_startup_can_be_sourced() -> None:
    """`. ./startup` puts flask on the path; without a site it says what is missing."""
    script = ". ./startup && command -v flask && flask --version >/dev/null && echo ready"
    env = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "DATA_DIR": "/nonexistent/data"}
    ran = subprocess.run(
        ["sh", "-c", script], cwd=ROOT, env=env, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines()[-1] == "ready"
    assert "No site runs here" in ran.stderr
    elsewhere = subprocess.run(
        ["sh", "-c", f". {ROOT}/startup"],
        cwd="/",
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert elsewhere.returncode != 0
    assert "Change into the folder" in elsewhere.stderr


def test_doctor_misses_the_servers_of_production(settings: Settings) -> None:
    alone = replace(settings, app_env="production", database_url=None, redis_url=None)
    assert "DATABASE_URL and REDIS_URL are not both set" in _wrong(alone)
    assert "DATABASE_URL and REDIS_URL" not in _wrong(replace(alone, app_env="development"))
