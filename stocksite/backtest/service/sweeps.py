"""A strategy over a grid: counted, played, judged; canceled half-way it keeps what is known."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Final

from sqlalchemy import Row, select, update
from sqlalchemy.orm import Session, undefer

from stocksite.backtest import cells as cell_rules
from stocksite.backtest import report, survey
from stocksite.backtest.ask import Ask, read_ask
from stocksite.backtest.cells import Cells
from stocksite.backtest.grid import Grid, read_grid
from stocksite.backtest.honesty.assess import assess_sweep
from stocksite.backtest.manifest import manifest, seed_of
from stocksite.backtest.models import BacktestSweep
from stocksite.backtest.reading import RunView, SweepView
from stocksite.backtest.service import runs
from stocksite.backtest.service.jobs_of import JOB_COLUMNS, effective_status, job_state
from stocksite.backtest.stage import Stage, stage
from stocksite.backtest.sweep import needs_loop, sweep
from stocksite.backtest.terms import Rounding
from stocksite.core import jobs
from stocksite.core.actor import Actor
from stocksite.core.clock import wall_now
from stocksite.core.errors import Conflict, DomainError, InvalidInput, NotFound
from stocksite.core.models import Job
from stocksite.core.paging import Page, PageRequest, paginate
from stocksite.core.queue import JobCanceled, enqueue
from stocksite.market.service import research
from stocksite.version import __version__

UnitOfWork = Callable[[], AbstractContextManager[Session]]
Report = Callable[[float, str], None]

JOB: Final = "stocksite.backtest.jobs.run_sweep"
SMALL_HOPS: Final = 1_500_000
"""Combinations times bars that the kernels play and judge while somebody waits: some 0.3 s."""
SMALL_LOOPS: Final = 100_000
"""The same for what goes through the bar loop."""
TELL_EVERY_S: Final = 0.7


def make(session: Session, actor: Actor, ask: Ask) -> SweepView:
    """Play a grid now when it is small, or queue it.

    Raises InvalidInput for what cannot be run; code grid-too-large names a coarser grid.
    """
    if ask.rounding is Rounding.CENT:
        raise InvalidInput.of_field(
            "rounding", "A sweep computes unrounded; use none. A cell's own report can round."
        )
    read_grid(ask.strategy, ask.parameters)  # refused before prices are read
    on, grid, looped = _set_up(session, ask)
    row = BacktestSweep(
        user_id=actor.user_id,
        status="queued",
        ask=on.ask.plain(),
        symbol_key=ask.symbol_key,
        combinations=len(grid),
        done=0,
        manifest=manifest(on.ask, on.data, on.setting.seed, __version__),
        error="",
        created_at=wall_now(),
    )
    session.add(row)
    session.flush()
    work_there_is = len(grid) * len(on.setting.market) * len(ask.symbols)
    if work_there_is > (SMALL_LOOPS if looped else SMALL_HOPS):
        row.job_id = enqueue(
            session,
            JOB,
            {"sweep_id": row.id},
            queue="research",
            user_id=actor.user_id,
            title=f"Sweep of {len(grid):,} combinations: {ask.title}",
        )
    else:
        cells, told = _play(grid, on, lambda share, so_far: None)
        _keep(row, cells, told, "done")
    session.flush()
    return view(session, actor, row.id)


def _set_up(session: Session, ask: Ask) -> tuple[Stage, Grid, bool]:
    series = research.stored(session, ask.symbols)
    on = stage(ask, series, seed_of(ask))
    looped = needs_loop(ask.strategy, on.setting.market, on.setting.terms)
    return on, read_grid(ask.strategy, ask.parameters, looped=looped), looped


def _play(
    grid: Grid, on: Stage, tell: Callable[[float, Cells | None], None]
) -> tuple[Cells, dict[str, Any]]:
    """Both tiers and the verdict. `tell(share, cells so far)` may raise to stop it."""
    setting = on.setting
    played = sweep(grid, setting.market, setting.cash, setting.terms, setting.start, setting.stop)

    def on_money(share: float) -> None:
        so_far = played.so_far
        tell(share * 0.5, None if so_far is None else cell_rules.of_money(so_far))

    cells = cell_rules.of_money(played.money(on_money))
    tell(0.5, cells)
    assessed = assess_sweep(played, setting, progress=lambda share: tell(0.5 + share * 0.45, None))
    cells = cell_rules.with_evidence(cells, assessed.evidence)
    return cells, survey.survey(grid, cells, on, assessed)


def _keep(row: BacktestSweep, cells: Cells, told: dict[str, Any], status: str) -> None:
    row.cells, row.result, row.status = cell_rules.pack(cells), told, status
    row.done = told["known"]
    if status != "running":
        row.finished_at = wall_now()


def work(unit_of_work: UnitOfWork, sweep_id: int, progress: Report) -> str:
    """Play a queued sweep, in a job; returns the address of the result."""
    with unit_of_work() as session:
        row = session.get(BacktestSweep, sweep_id)
        if row is None:
            raise LookupError(f"sweep {sweep_id} is gone")
        on, grid, _ = _set_up(session, read_ask(row.ask, grid=True))
    teller = _Teller(unit_of_work, sweep_id, progress, grid, on)
    try:
        cells, told = _play(grid, on, teller.tell)
    except JobCanceled:
        teller.store("canceled")
        raise
    except DomainError as error:
        with unit_of_work() as session:
            session.execute(
                update(BacktestSweep)
                .where(BacktestSweep.id == sweep_id)
                .values(status="refused", error=error.detail, finished_at=wall_now())
            )
        return f"/backtests/sweeps/{sweep_id}"
    with unit_of_work() as session:
        row = session.get(BacktestSweep, sweep_id)
        if row is not None:
            _keep(row, cells, told, "done")
    return f"/backtests/sweeps/{sweep_id}"


class _Teller:
    """Passes progress on, not too often, and keeps what is known so far."""

    def __init__(
        self, unit_of_work: UnitOfWork, sweep_id: int, progress: Report, grid: Grid, on: Stage
    ) -> None:
        self._unit_of_work, self._id, self._progress = unit_of_work, sweep_id, progress
        self._grid, self._on = grid, on
        self._cells: Cells | None = None
        self._last = 0.0

    def tell(self, share: float, cells: Cells | None) -> None:
        """Raises JobCanceled once somebody canceled the job."""
        if cells is not None:
            self._cells = cells
        now = time.monotonic()
        if now - self._last < TELL_EVERY_S:
            return
        self._last = now
        if cells is not None:
            self.store("running")
        what = "Playing" if share < 0.5 else "Judging"
        self._progress(share, f"{what} {len(self._grid):,} combinations")

    def store(self, status: str) -> None:
        """Write down what is known."""
        with self._unit_of_work() as session:
            row = session.get(BacktestSweep, self._id)
            if row is None:
                return
            if self._cells is not None:
                told = survey.survey(self._grid, self._cells, self._on, None)
                _keep(row, self._cells, told, status)
            else:
                row.status = status


def view(session: Session, actor: Actor, sweep_id: int) -> SweepView:
    """One of the actor's sweeps. Raises NotFound."""
    row = _owned(session, actor, sweep_id)
    job = None
    if row.job_id is not None and row.status in ("queued", "running"):
        job = job_state(session, row.job_id)
    return SweepView(
        id=row.id,
        status=effective_status(row.status, job.status if job else None),
        ask=read_ask(row.ask, grid=True),
        combinations=row.combinations,
        done=row.done,
        result=row.result,
        manifest=row.manifest,
        error=row.error or (job.message if job else ""),
        created_at=row.created_at,
        finished_at=row.finished_at,
        job=job,
    )


def _owned(
    session: Session, actor: Actor, sweep_id: int, *, with_cells: bool = False
) -> BacktestSweep:
    statement = select(BacktestSweep).where(
        BacktestSweep.id == sweep_id, BacktestSweep.user_id == actor.user_id
    )
    if with_cells:
        statement = statement.options(undefer(BacktestSweep.cells))
    row = session.scalar(statement.execution_options(populate_existing=True))
    if row is None:
        raise NotFound(f"You have no sweep {sweep_id}.")
    return row


def cells_of(session: Session, actor: Actor, sweep_id: int) -> tuple[Grid, Cells]:
    """A sweep's grid, and the figures of its combinations. Raises NotFound; Conflict before there
    are any.
    """
    row = _owned(session, actor, sweep_id, with_cells=True)
    if row.cells is None:
        raise Conflict(f"Sweep {sweep_id} has no figures yet.", code="not-done")
    ask = read_ask(row.ask, grid=True)
    return read_grid(ask.strategy, ask.parameters), cell_rules.unpack(row.cells)


def cell(session: Session, actor: Actor, sweep_id: int, number: int) -> tuple[Ask, dict[str, Any]]:
    """The full report of one combination, played now: (ask, result). Raises NotFound."""
    ask = _cell_ask(session, actor, sweep_id, number)
    on = stage(ask, research.stored(session, ask.symbols), seed_of(ask))
    return on.ask, report.report(report.play(ask.make(), on), on)


def keep_cell(session: Session, actor: Actor, sweep_id: int, number: int) -> RunView:
    """Make a run of one combination: it gets a verdict and a permalink of its own."""
    ask = _cell_ask(session, actor, sweep_id, number)
    return runs.make(session, actor, ask, sweep_id=sweep_id)


def _cell_ask(session: Session, actor: Actor, sweep_id: int, number: int) -> Ask:
    row = _owned(session, actor, sweep_id)
    ask = read_ask(row.ask, grid=True)
    grid = read_grid(ask.strategy, ask.parameters)
    if not 0 <= number < len(grid):
        raise NotFound(f"Sweep {sweep_id} has no combination {number}.")
    return survey.ask_of(ask, grid, number)


def cancel(session: Session, actor: Actor, sweep_id: int) -> None:
    """Stop a sweep of the actor; what is known stays. Raises NotFound, Conflict when it ended."""
    row = _owned(session, actor, sweep_id)
    if row.job_id is None or row.status not in ("queued", "running"):
        raise Conflict(f"Sweep {sweep_id} is {row.status} already.", code="job-final")
    jobs.cancel(session, actor, row.job_id, wall_now())


def history(session: Session, actor: Actor, page: PageRequest) -> Page[SweepView]:
    """The actor's sweeps, newest first, without their results."""
    columns = (
        *(BacktestSweep.id, BacktestSweep.status, BacktestSweep.ask, BacktestSweep.combinations),
        *(BacktestSweep.done, BacktestSweep.created_at, BacktestSweep.finished_at),
    )
    statement = (
        select(*columns, *JOB_COLUMNS)
        .outerjoin(Job, Job.id == BacktestSweep.job_id)
        .where(BacktestSweep.user_id == actor.user_id)
        .order_by(BacktestSweep.id.desc())
    )
    return paginate(session, statement, page, _line)


def _line(row: Row[Any]) -> SweepView:
    return SweepView(
        row.id,
        effective_status(row.status, row.job_status),
        read_ask(row.ask, grid=True),
        row.combinations,
        row.done,
        None,
        None,
        "",
        row.created_at,
        row.finished_at,
    )
