"""`/healthz` (this process), `/readyz` (what it needs), `/metrics` (Prometheus text, guarded)."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import lru_cache
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final

from flask import Blueprint, Flask, Response, current_app, request
from flask_login import current_user
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session
from werkzeug.exceptions import NotFound

from stocksite.core import status
from stocksite.core.clock import wall_now
from stocksite.web import counting, extensions
from stocksite.web.json import dumps, iso

MAX_TICK_AGE: Final = timedelta(seconds=60)
_STARTED: Final = time.time()
_FORWARDED: Final = ("X-Forwarded-For", "X-Real-IP", "Forwarded")

blueprint = Blueprint("health", __name__)

Check = tuple[bool, str]


@blueprint.get("/healthz")
def healthz() -> Response:
    """This process answers; nothing else is asked."""
    return Response("ok\n", mimetype="text/plain")


@blueprint.get("/readyz")
def readyz() -> Response:
    """200 when everything this process needs is there, else 503 that names what is not."""
    session = extensions.db.session()
    database = _check(_database, session)
    checks = {"database": database, "queue": _check(_queue)}
    if database[0]:
        checks["migrations"] = _check(_migrations, session)
        checks["clock"] = _check(_clock, session, wall_now())
    ready = all(good for good, _ in checks.values())
    document = {
        "status": "ready" if ready else "not ready",
        "checks": {name: {"ok": good, "detail": said} for name, (good, said) in checks.items()},
    }
    return Response(dumps(document), 200 if ready else 503, mimetype="application/json")


def _check(check: Callable[..., Check], *arguments: Any) -> Check:
    try:
        return check(*arguments)
    except (SQLAlchemyError, RedisError) as error:
        # A failed statement would fail the next check too; the name of the fault is enough for
        # strangers, the log has the rest.
        extensions.db.session.rollback()
        current_app.logger.warning("%s: %s", check.__name__.strip("_"), error)
        return False, f"out of reach ({type(error).__name__})"


def _database(session: Session) -> Check:
    status.migration_heads(session)
    return True, "answers"


def _queue() -> Check:
    redis = current_app.extensions.get("redis")
    if redis is None:
        return False, "REDIS_URL is not set"
    redis.ping()
    return True, "answers"


@lru_cache(maxsize=4)
def _known_heads(directory: str) -> frozenset[str]:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    if not Path(directory).is_dir():
        return frozenset()
    config = Config()
    config.set_main_option("script_location", directory)
    return frozenset(ScriptDirectory.from_config(config).get_heads())


def migrations_folder() -> str:
    """Where the migrations of this installation are."""
    return str(Path(current_app.root_path).parents[1] / "migrations")


def _migrations(session: Session) -> Check:
    wanted, found = _known_heads(migrations_folder()), status.migration_heads(session)
    if found == wanted:
        return True, f"at {', '.join(sorted(found)) or 'none'}"
    return False, (
        f"at {', '.join(sorted(found)) or 'nothing'}, this version needs "
        f"{', '.join(sorted(wanted)) or 'nothing'}: run `flask db upgrade`"
    )


def _clock(session: Session, now: datetime) -> Check:
    clock = status.read_clock_state(session)
    if clock is None:
        return False, "the market was never set up: run `flask prepare`"
    age = (now - clock.ticked_at).total_seconds()
    if age > MAX_TICK_AGE.total_seconds():
        return False, f"the last tick was {age:.0f} s ago: is `flask clock` running?"
    return True, f"ticked {max(age, 0):.0f} s ago"


# --- metrics -------------------------------------------------------------------------------------


def _may_see_metrics() -> bool:
    """A scraper on this machine that came without a proxy, or an administrator."""
    if getattr(current_user, "is_admin", False):
        return True
    if any(name in request.headers for name in _FORWARDED):
        return False
    try:
        return ip_address(request.remote_addr or "").is_loopback
    except ValueError:
        return False


@blueprint.get("/metrics")
def metrics() -> Response:
    """Prometheus text format 0.0.4. Strangers get 404."""
    if not _may_see_metrics():
        raise NotFound
    session = extensions.db.session()
    text = "".join(_lines(session, wall_now()))
    return Response(text, content_type="text/plain; version=0.0.4; charset=utf-8")


def _metric(name: str, meaning: str, samples: list[tuple[str, float]], kind: str = "gauge") -> str:
    """One metric: its samples are (labels, value)."""
    head = f"# HELP stocksite_{name} {meaning}\n# TYPE stocksite_{name} {kind}\n"
    return head + "".join(f"stocksite_{name}{labels} {value:.15g}\n" for labels, value in samples)


def _lines(session: Session, now: datetime) -> Iterator[str]:
    yield _metric("process_start_time_seconds", "Start of this process.", [("", _STARTED)])
    yield _metric("process_resident_bytes", "Memory of this process.", [("", _resident_bytes())])
    jobs = status.count_jobs(session)
    yield _metric(
        "jobs",
        "Jobs in the database by queue and status.",
        [(f'{{queue="{j.queue}",status="{j.status}"}}', j.count) for j in jobs],
    )
    yield _metric(
        "oldest_queued_job_seconds",
        "Age of the job that waits longest, by queue.",
        [
            (f'{{queue="{j.queue}"}}', (now - j.oldest_at).total_seconds())
            for j in jobs
            if j.status == "queued"
        ],
    )
    for name, results in counting.counts(current_app.extensions.get("redis")).items():
        yield _metric(
            f"{name}_total",
            f"Answers of the {name.replace('_', ' ')} by result.",
            [(f'{{result="{result}"}}', n) for result, n in results.items()],
            kind="counter",
        )
    clock = status.read_clock_state(session)
    if clock is not None:
        age = (now - clock.ticked_at).total_seconds()
        yield _metric("clock_tick_age_seconds", "Age of the market clock's last tick.", [("", age)])
        yield _metric("clock_ticks", "Ticks of the market clock so far.", [("", clock.tick)])
        yield _metric("clock_paused", "1 while the replay is paused.", [("", clock.paused)])
        labels = f'{{mode="{clock.mode}",phase="{clock.phase}",market="{iso(clock.market_at)}"}}'
        yield _metric("market_info", "What the market clock says.", [(labels, 1)])


def _resident_bytes() -> float:
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except (OSError, IndexError, ValueError):
        return 0.0
    return float(pages * os.sysconf("SC_PAGE_SIZE"))


def init_app(app: Flask) -> None:
    """Register the three, outside every rate limit."""
    app.register_blueprint(blueprint)
    extensions.limiter.exempt(blueprint)
