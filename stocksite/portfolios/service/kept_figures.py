"""Figures that a worker computed, kept in Redis until a close is written or corrected.

    page ─> find ── there ──> draw                        after a close: warm ─> make for each
              └── not ──> on_its_way ─> job ─> make ─> keep      span that was asked for of late

Kept is JSON, compressed, under the portfolio and the span; it begins with a mark of what it was
made from (the portfolio's stamp, this room's code), so an older one is never read and the next one
takes its place. Numbers, money and days come back as they were, to the last digit.
"""

from __future__ import annotations

import hashlib
import json
import logging
import time
import zlib
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, cast

from pydantic import TypeAdapter
from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy import select
from sqlalchemy.orm import Session

from stocksite.core.actor import Actor
from stocksite.core.clock import wall_now
from stocksite.core.errors import NotFound
from stocksite.core.models import Job
from stocksite.core.queue import enqueue
from stocksite.portfolios.periods import Span
from stocksite.portfolios.reading_performance import Explanation, Why
from stocksite.portfolios.service import figures
from stocksite.portfolios.service.figures import Head, Report

log = logging.getLogger(__name__)

JOB: Final = "stocksite.portfolios.jobs.compute_figures"
DAY_S: Final = 86_400
PATIENCE_S: Final = 30
"""How long a page waits for the worker before it computes for itself."""
WANTED_S: Final = 2 * DAY_S
"""How long `warm` goes on after a look. A drawn page is kept for a day and its readers are not
counted, so that two days hold whoever looked within one.
"""
MOST_WARMED: Final = 200
WARMING_S: Final = 15.0
"""How long `warm` may keep a worker from what people wait for; the rest is made when asked for."""

_WANTED: Final = "figures:wanted"
_REPORT: Final = TypeAdapter(Report)
_MARK: Final = 16


def _code() -> bytes:
    """What changes with any module of this room. Read when loaded: a process that still runs the
    old code says so, and reads and writes nothing of the new one's.
    """
    digest = hashlib.sha256()
    for file in sorted(Path(__file__).parents[1].rglob("*.py")):
        digest.update(file.read_bytes())
    return digest.digest()


_CODE: Final = _code()


def find(redis: Redis | None, of: Head, span: Span) -> Report | None:
    """The figures with their reasons, when they are kept and nothing has changed since.

    None without them, and when Redis is away.
    """
    if redis is None:
        return None
    try:
        found = cast("bytes | None", redis.get(_name(of.id, span)))
    except RedisError:
        return None
    if found is None or found[:_MARK] != _mark(of):
        return None
    return _read(zlib.decompress(found[_MARK:]))


def keep(redis: Redis, of: Head, span: Span, report: Report) -> None:
    """Keep figures for a day. Raises RedisError."""
    redis.set(_name(of.id, span), _mark(of) + zlib.compress(_write(report)), ex=DAY_S)


def on_its_way(session: Session, redis: Redis | None, actor: Actor, of: Head, span: Span) -> bool:
    """Whether a worker will bring the figures: asks for them once, however many pages wait.

    False when nobody will: Redis is away, the job failed or was canceled, or it has not come for
    half a minute. A job that is done is False as well: what it made is kept, or was lost. Two
    statements for the first, one for those who wait with it.
    """
    if redis is None:
        return False
    name = f"figures:asked:{(_mark(of) + _name(of.id, span).encode()).hex()}"
    now = wall_now().timestamp()
    try:  # the first to ask names the job for all; a minute later one may ask anew
        redis.set(name, f"{now:.3f}", nx=True, ex=2 * PATIENCE_S)
        since = float(cast("bytes | None", redis.get(name)) or now)
    except RedisError:
        return False
    if now - since > PATIENCE_S:
        return False
    key = f"figures:{hashlib.sha256(f'{name}:{since:.3f}'.encode()).hexdigest()}"
    status = session.scalar(select(Job.status).where(Job.dedupe_key == key))
    if status is None:
        enqueue(session, JOB, _arguments(actor.user_id, of.id, span), dedupe_key=key)
        return True
    return status in ("queued", "running")


def note(redis: Redis | None, actor: Actor, of: Head, span: Span) -> None:
    """Remember that somebody looked, so that `warm` computes this span after the next close."""
    if redis is None:
        return
    wanted = json.dumps(_arguments(actor.user_id, of.id, span))
    try:
        with redis.pipeline(transaction=False) as line:
            line.zadd(_WANTED, {wanted: wall_now().timestamp()})
            line.zremrangebyrank(_WANTED, 0, -MOST_WARMED - 1)
            line.execute()
    except RedisError as error:
        log.debug("not remembered that somebody looked: %s", error)


def make(session: Session, redis: Redis, actor: Actor, portfolio_id: int, span: Span) -> bool:
    """Compute and keep the figures of one of the actor's portfolios, unless they are there.

    Returns whether it had to. Raises NotFound, RedisError.
    """
    of = figures.head(session, actor, portfolio_id)
    if redis.getrange(_name(of.id, span), 0, _MARK - 1) == _mark(of):
        return False
    keep(redis, of, span, figures.report(session, of, span, explain=True))
    return True


def warm(transaction: Callable[[], AbstractContextManager[Session]], redis: Redis) -> int:
    """Compute what was looked at of late, the latest first; returns how many were new.

    At most 200 spans and a quarter of a minute. One that fails is logged, the others are made.
    """
    until, made = time.monotonic() + WARMING_S, 0
    redis.zremrangebyscore(_WANTED, "-inf", wall_now().timestamp() - WANTED_S)
    for wanted in cast("list[bytes]", redis.zrevrange(_WANTED, 0, MOST_WARMED - 1)):
        if time.monotonic() > until:
            break
        actor, portfolio_id, span = asked_for(**json.loads(wanted))
        try:
            with transaction() as session:
                made += make(session, redis, actor, portfolio_id, span)
        except NotFound:
            redis.zrem(_WANTED, wanted)
        except RedisError:
            raise
        except Exception:
            log.exception("figures of portfolio %d over %s were not made", portfolio_id, span)
    return made


def asked_for(
    user_id: int, portfolio_id: int, period: str, start: str | None, end: str | None
) -> tuple[Actor, int, Span]:
    """A job's arguments as who asked, for which portfolio, over which span."""
    days = [date.fromisoformat(day) if day else None for day in (start, end)]
    return Actor(user_id, ""), portfolio_id, Span(period, *days)


def _arguments(user_id: int, portfolio_id: int, span: Span) -> dict[str, Any]:
    days = {"start": span.start, "end": span.end}
    told = {name: day.isoformat() if day else None for name, day in days.items()}
    return {"user_id": user_id, "portfolio_id": portfolio_id, "period": span.period, **told}


def _name(portfolio_id: int, span: Span) -> str:
    return f"figures:{portfolio_id}:{span.period}:{span.start}:{span.end}"


def _mark(of: Head) -> bytes:
    return hashlib.sha256(_CODE + of.stamp.encode()).digest()[:_MARK]


def _write(report: Report) -> bytes:
    tree = _REPORT.dump_python(report)
    why = tree["view"]["explain"]
    for told in why["figures"].values() if why else ():
        told["inputs"] = _tagged(told["inputs"])
        told["rows"] = [_tagged(row) for row in told["rows"]]
    return json.dumps(tree, default=str).encode()


def _read(text: bytes) -> Report:
    report = _REPORT.validate_json(text)
    why = report.view.explain
    if why is None:
        return report
    told = {key: _untagged_explanation(each) for key, each in why.figures.items()}
    return replace(report, view=replace(report.view, explain=Why(told, why.daily)))


def _untagged_explanation(told: Explanation) -> Explanation:
    return replace(
        told, inputs=_untagged(told.inputs), rows=tuple(_untagged(row) for row in told.rows)
    )


def _tagged(values: Mapping[str, Any]) -> dict[str, Any]:
    """Inputs and rows of explanations are of any type: money and days say what they are."""
    kinds = {Decimal: "money", date: "day"}
    return {
        name: {kinds[type(value)]: str(value)} if type(value) in kinds else value
        for name, value in values.items()
    }


def _untagged(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: _untag(*next(iter(value.items()))) if isinstance(value, dict) else value
        for name, value in values.items()
    }


def _untag(kind: str, text: str) -> Decimal | date:
    return Decimal(text) if kind == "money" else date.fromisoformat(text)
