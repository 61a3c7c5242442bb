"""One backtest: made, judged, checked again, listed, deleted.

make: read prices ─> small? ──yes──> play, report ─> done; the verdict follows when asked for
                       └──no──> job: play, report, judge
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, select, update
from sqlalchemy.orm import Session, undefer

from stocksite.backtest import judging, report
from stocksite.backtest.ask import Ask, read_ask
from stocksite.backtest.manifest import RULES_VERSION, manifest, seed_of
from stocksite.backtest.models import BacktestRun
from stocksite.backtest.reading import RunSummary, RunView
from stocksite.backtest.service.jobs_of import JOB_COLUMNS, effective_status, job_state
from stocksite.backtest.service.tries import earlier
from stocksite.backtest.stage import Stage, stage
from stocksite.core.actor import Actor
from stocksite.core.clock import wall_now
from stocksite.core.errors import Conflict, DomainError, NotFound
from stocksite.core.models import Job
from stocksite.core.paging import Page, PageRequest, paginate
from stocksite.core.queue import JobCanceled, enqueue
from stocksite.market.service import research
from stocksite.market.stored import StoredSeries
from stocksite.version import __version__

UnitOfWork = Callable[[], AbstractContextManager[Session]]
Report = Callable[[float, str], None]

SMALL_BARS: Final = 60_000
"""Bars times symbols that are played while somebody waits: some 0.1 s, and 0.5 s to judge."""
JOB: Final = "stocksite.backtest.jobs.run_backtest"
MAX_COMPARED: Final = 6


def make(
    session: Session, actor: Actor, ask: Ask, *, judged: bool = False, sweep_id: int | None = None
) -> RunView:
    """Run a backtest now when it is small, or queue it; `judged` includes the verdict at once.

    Raises InvalidInput and RuleViolation for what cannot be run: unknown symbols, a window that
    the history does not hold.
    """
    strategy = ask.make()
    series = research.stored(session, ask.symbols)
    on = stage(ask, series, seed_of(ask))
    bars = len(on.setting.market) * len(ask.symbols)
    tries = earlier(session, actor, ask, bars)
    run = _added(session, actor, on, tries, sweep_id)
    if bars > SMALL_BARS:
        run.job_id = enqueue(
            session,
            JOB,
            {"run_id": run.id},
            queue="research",
            user_id=actor.user_id,
            title=f"Backtest: {ask.title}",
        )
    else:
        done = report.play(strategy, on)
        _store(run, report.report(done, on))
        if judged:
            run.verdict = judging.judge_run(done, on, series, tries)
        run.status, run.finished_at = "done", wall_now()
    session.flush()
    return view(session, actor, run.id)


def _added(
    session: Session, actor: Actor, on: Stage, tries: list[dict[str, Any]], sweep_id: int | None
) -> BacktestRun:
    run = BacktestRun(
        user_id=actor.user_id,
        sweep_id=sweep_id,
        status="queued",
        ask=on.ask.plain(),
        symbol_key=on.ask.symbol_key,
        manifest=manifest(on.ask, on.data, on.setting.seed, __version__, tries),
        error="",
        created_at=wall_now(),
    )
    session.add(run)
    session.flush()
    return run


def make_once(session: Session, actor: Actor, ask: Ask) -> RunView:
    """The same, or the actor's run that asked exactly this before over the same data."""
    on = stage(ask, research.stored(session, ask.symbols), seed_of(ask))
    known = session.scalar(
        select(BacktestRun.id)
        .where(
            BacktestRun.user_id == actor.user_id,
            BacktestRun.symbol_key == ask.symbol_key,
            BacktestRun.ask == on.ask.plain(),
            BacktestRun.manifest["data"] == on.data,
            BacktestRun.manifest["rules"].astext == RULES_VERSION,
            BacktestRun.status == "done",
            BacktestRun.deleted_at.is_(None),
        )
        .order_by(BacktestRun.id.desc())
        .limit(1)
    )
    return view(session, actor, known) if known else make(session, actor, ask)


def work(unit_of_work: UnitOfWork, run_id: int, progress: Report) -> str:
    """Play, report and judge a queued run, in a job; returns the address of the result."""
    with unit_of_work() as session:
        run = session.get(BacktestRun, run_id, options=[undefer(BacktestRun.manifest)])
        if run is None or run.manifest is None:
            raise LookupError(f"run {run_id} is gone")
        ask, kept = read_ask(run.ask), run.manifest
        series = research.stored(session, ask.symbols)
    try:
        progress(0.05, "Playing")
        on = stage(ask, series, kept["seed"])
        done = report.play(ask.make(), on)
        told = report.report(done, on)
        progress(0.4, "Judging")
        verdict = judging.judge_run(done, on, series, kept["tries"])
        progress(1.0, "Done")
    except JobCanceled:
        _end(unit_of_work, run_id, "canceled", "Canceled.")
        raise
    except DomainError as error:
        _end(unit_of_work, run_id, "refused", error.detail)
        return f"/backtests/{run_id}"
    with unit_of_work() as session:
        run = session.get(BacktestRun, run_id)
        if run is not None:
            _store(run, told)
            run.verdict = verdict
            run.status, run.finished_at = "done", wall_now()
    return f"/backtests/{run_id}"


def _end(unit_of_work: UnitOfWork, run_id: int, status: str, why: str) -> None:
    with unit_of_work() as session:
        session.execute(
            update(BacktestRun)
            .where(BacktestRun.id == run_id)
            .values(status=status, error=why, finished_at=wall_now())
        )


def _store(run: BacktestRun, told: dict[str, Any]) -> None:
    run.result = told
    run.final_value = told["metrics"]["final_value"]
    run.total_return_pct = told["metrics"]["total_return_pct"]
    run.holding_return_pct = told["metrics"]["benchmark_return_pct"]


def load(session: Session, actor: Actor, run_id: int) -> BacktestRun:
    """One of the actor's runs with all its columns. Raises NotFound."""
    run = session.scalar(
        select(BacktestRun)
        .where(
            BacktestRun.id == run_id,
            BacktestRun.user_id == actor.user_id,
            BacktestRun.deleted_at.is_(None),
        )
        .options(*map(undefer, (BacktestRun.manifest, BacktestRun.result, BacktestRun.verdict)))
    )
    if run is None:
        raise NotFound(f"You have no backtest {run_id}.")
    return run


def view(session: Session, actor: Actor, run_id: int) -> RunView:
    """One of the actor's runs. Raises NotFound. One statement, two for one that was a job."""
    run = load(session, actor, run_id)
    job = None
    if run.job_id is not None and run.status in ("queued", "running"):
        job = job_state(session, run.job_id)
    return _view(run, job)


def _view(run: BacktestRun, job: Any = None) -> RunView:
    return RunView(
        id=run.id,
        status=effective_status(run.status, job.status if job else None),
        ask=read_ask(run.ask),
        result=run.result,
        verdict=run.verdict,
        manifest=run.manifest,
        error=run.error or (job.message if job else ""),
        sweep_id=run.sweep_id,
        created_at=run.created_at,
        finished_at=run.finished_at,
        job=job,
    )


def judge(session: Session, actor: Actor, run_id: int) -> RunView:
    """The run with its verdict, made now when nobody has looked before.

    Raises NotFound, and Conflict when the run has no figures or its prices were restated since.
    """
    run = load(session, actor, run_id)
    if run.verdict is None:
        if run.result is None or run.manifest is None:
            raise Conflict(f"Backtest {run_id} has no figures to judge.", code="not-done")
        on, series = restage(session, run)
        done = report.play(on.ask.make(), on)
        run.verdict = judging.judge_run(done, on, series, run.manifest["tries"])
        session.flush()
    return _view(run)


def restage(session: Session, run: BacktestRun) -> tuple[Stage, Sequence[StoredSeries]]:
    """The stage a run played on. Raises Conflict when its prices were restated since."""
    assert run.manifest is not None  # the caller has asked for it
    ask = read_ask(run.ask)
    series = research.stored(session, ask.symbols)
    on = stage(ask, series, run.manifest["seed"])
    if on.data != run.manifest["data"]:
        raise Conflict(
            "The stored prices were restated since this backtest ran. Run it again.",
            code="data-changed",
        )
    return on, series


def history(session: Session, actor: Actor, page: PageRequest) -> Page[RunSummary]:
    """The actor's runs, newest first."""
    statement = (
        select(
            BacktestRun.id,
            BacktestRun.status,
            BacktestRun.ask,
            BacktestRun.final_value,
            BacktestRun.total_return_pct,
            BacktestRun.holding_return_pct,
            BacktestRun.verdict["standing"].astext.label("standing"),
            BacktestRun.created_at,
            *JOB_COLUMNS,
        )
        .outerjoin(Job, Job.id == BacktestRun.job_id)
        .where(BacktestRun.user_id == actor.user_id, BacktestRun.deleted_at.is_(None))
        .order_by(BacktestRun.id.desc())
    )
    return paginate(session, statement, page, _summary)


def _summary(row: Row[Any]) -> RunSummary:
    return RunSummary(
        row.id,
        effective_status(row.status, row.job_status),
        read_ask(row.ask),
        row.final_value,
        row.total_return_pct,
        row.holding_return_pct,
        row.standing,
        row.created_at,
    )


def several(session: Session, actor: Actor, ids: Sequence[int]) -> list[RunView]:
    """Finished runs of the actor by id, in that order; what is not theirs is left out."""
    rows = session.scalars(
        select(BacktestRun)
        .where(
            BacktestRun.id.in_(ids[:MAX_COMPARED]),
            BacktestRun.user_id == actor.user_id,
            BacktestRun.deleted_at.is_(None),
            BacktestRun.status == "done",
        )
        .options(*map(undefer, (BacktestRun.manifest, BacktestRun.result, BacktestRun.verdict)))
    ).all()
    by_id = {run.id: run for run in rows}
    return [_view(by_id[number]) for number in ids if number in by_id]


def delete(session: Session, actor: Actor, run_id: int, now: datetime) -> None:
    """Take a run out of the history. Its ask stays: a try that was made counts. Raises NotFound."""
    run = load(session, actor, run_id)
    run.deleted_at = now
    run.result = run.verdict = run.manifest = None
    session.flush()
