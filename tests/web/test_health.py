"""/healthz, /readyz and /metrics: what they say when all is well, and when something is away."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text, update
from sqlalchemy.orm import Session

from stocksite.core import queue
from stocksite.core.actor import Actor
from stocksite.core.clock import wall_now
from stocksite.core.models import MarketClock
from stocksite.settings import Settings
from stocksite.web import health
from tests.web.conftest import build


def checks(client: FlaskClient) -> tuple[int, dict[str, Any]]:
    answer = client.get("/readyz")
    assert answer.content_type == "application/json"
    assert answer.json is not None
    assert (answer.json["status"] == "ready") == (answer.status_code == 200)
    return answer.status_code, answer.json["checks"]


def _tick(session: Session, age_s: float) -> None:
    session.execute(update(MarketClock).values(ticked_at=wall_now() - timedelta(seconds=age_s)))
    session.commit()


def test_the_process_answers_without_anything(settings: Settings) -> None:
    nowhere = replace(
        settings,
        database_url="postgresql+psycopg2://nobody@127.0.0.1:1/none",
        redis_url="redis://127.0.0.1:1/0",
    )
    client = build(nowhere).test_client()
    answer = client.get("/healthz")
    assert (answer.status_code, answer.get_data(as_text=True)) == (200, "ok\n")
    status, found = checks(client)
    assert status == 503
    assert not found["database"]["ok"]
    assert not found["queue"]["ok"]
    assert "127.0.0.1" not in str(found)
    assert "nobody" not in str(found)


def test_ready_when_everything_is_there(probe_app: Flask, session: Session) -> None:
    _tick(session, 1)
    status, found = checks(probe_app.test_client())
    assert status == 200, found
    assert set(found) == {"database", "queue", "migrations", "clock"}
    assert all(check["ok"] for check in found.values())


def test_a_clock_that_stopped_is_not_ready(probe_app: Flask, session: Session) -> None:
    _tick(session, health.MAX_TICK_AGE.total_seconds() + 5)
    status, found = checks(probe_app.test_client())
    assert status == 503
    assert not found["clock"]["ok"]
    assert "flask clock" in found["clock"]["detail"]
    assert found["database"]["ok"]


def test_a_market_that_was_never_set_up_is_not_ready(probe_app: Flask, session: Session) -> None:
    session.execute(MarketClock.__table__.delete())  # type: ignore[attr-defined]
    session.commit()
    status, found = checks(probe_app.test_client())
    assert status == 503
    assert "flask prepare" in found["clock"]["detail"]


@pytest.fixture
def other_revision(session: Session) -> Any:
    """A database that another version migrated."""
    before = session.scalar(text("SELECT version_num FROM alembic_version"))
    session.execute(text("UPDATE alembic_version SET version_num = 'elsewhere'"))
    session.commit()
    yield
    session.rollback()
    session.execute(text("UPDATE alembic_version SET version_num = :v"), {"v": before})
    session.commit()


def test_another_migration_is_not_ready(
    probe_app: Flask, session: Session, other_revision: None
) -> None:
    _tick(session, 1)
    status, found = checks(probe_app.test_client())
    assert status == 503
    assert not found["migrations"]["ok"]
    assert "elsewhere" in found["migrations"]["detail"]
    assert "flask db upgrade" in found["migrations"]["detail"]


def test_without_a_queue_is_not_ready(settings: Settings, session: Session) -> None:
    _tick(session, 1)
    status, found = checks(build(replace(settings, redis_url=None)).test_client())
    assert status == 503
    assert found["queue"] == {"ok": False, "detail": "REDIS_URL is not set"}


# --- metrics -----------------------------------------------------------------------------------


def _samples(page: str) -> dict[str, float]:
    lines = [line for line in page.splitlines() if line and not line.startswith("#")]
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}


def test_metrics_for_this_machine(probe_app: Flask, session: Session) -> None:
    _tick(session, 3)
    for _ in range(2):
        queue.enqueue(session, "stocksite.none")
    session.commit()
    answer = probe_app.test_client().get("/metrics")
    assert answer.status_code == 200
    assert answer.content_type.startswith("text/plain; version=0.0.4")
    page = answer.get_data(as_text=True)
    found = _samples(page)
    assert found['stocksite_jobs{queue="default",status="queued"}'] == 2
    assert 2 <= found["stocksite_clock_tick_age_seconds"] < 60
    assert found["stocksite_clock_paused"] == 0
    assert found["stocksite_process_resident_bytes"] > 1e6
    assert 'stocksite_oldest_queued_job_seconds{queue="default"}' in found
    for line in page.splitlines():
        if not line.startswith("#"):
            name = line.split("{")[0].split(" ")[0]
            assert f"# TYPE {name} gauge" in page


def test_metrics_without_a_market(probe_app: Flask, session: Session) -> None:
    session.execute(MarketClock.__table__.delete())  # type: ignore[attr-defined]
    session.commit()
    answer = probe_app.test_client().get("/metrics")
    assert answer.status_code == 200
    assert "clock_tick" not in answer.get_data(as_text=True)


@pytest.mark.parametrize("address", ["10.0.0.5", "203.0.113.9", "2001:db8::1", "nonsense", ""])
def test_metrics_are_not_for_strangers(probe_app: Flask, address: str) -> None:
    answer = probe_app.test_client().get("/metrics", environ_base={"REMOTE_ADDR": address})
    assert answer.status_code == 404


@pytest.mark.parametrize("header", ["X-Forwarded-For", "X-Real-IP", "Forwarded"])
def test_a_proxy_on_this_machine_is_not_this_machine(probe_app: Flask, header: str) -> None:
    answer = probe_app.test_client().get("/metrics", headers={header: "127.0.0.1"})
    assert answer.status_code == 404


@pytest.mark.parametrize(("admin", "status"), [("1", 200), ("0", 404)])
def test_metrics_for_administrators_from_anywhere(
    probe_app: Flask, actor: Actor, admin: str, status: int
) -> None:
    answer = probe_app.test_client().get(
        "/metrics",
        headers={"X-Probe": f"{actor.user_id} session write {admin}"},
        environ_base={"REMOTE_ADDR": "203.0.113.9"},
    )
    assert answer.status_code == status


def test_loopback_has_two_families(probe_app: Flask, call: Callable[..., Any]) -> None:
    for address in ("127.0.0.1", "127.8.8.8", "::1"):
        answer = probe_app.test_client().get("/metrics", environ_base={"REMOTE_ADDR": address})
        assert answer.status_code == 200
