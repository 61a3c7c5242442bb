"""What the lab sends: documented as dataclasses, written straight from what is stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from stocksite.backtest.reading import RunView, SweepView
from stocksite.backtest.report import points

Figures = dict[str, float | int | None]


@dataclass(frozen=True)
class ParameterOut:
    """One parameter of a strategy."""

    name: str
    type: str
    """`int`, `float` or `rules`."""
    default: float | int | None
    minimum: float | int | None
    maximum: float | int | None
    meaning: str


@dataclass(frozen=True)
class StrategyOut:
    """One strategy."""

    name: str
    title: str
    meaning: str
    several_symbols: bool
    """Whether it chooses among several symbols."""
    parameters: list[ParameterOut]


@dataclass(frozen=True)
class EquityPoint:
    """One close: value, what holding would have come to, percent below the highest close."""

    date: date
    value: float
    benchmark: float
    drawdown_pct: float


@dataclass(frozen=True)
class TradeOut:
    """One round trip; `exit_date` is null while it is open, valued at the last close."""

    symbol: str
    entry_date: date
    exit_date: date | None
    quantity: float
    entry_price: float
    exit_price: float
    profit: float
    return_pct: float
    fees: float
    dividends: float
    days_held: int
    mae_pct: float
    """The worst price met while holding, against the entry."""
    mfe_pct: float
    """The best."""
    exit_rule: str


@dataclass(frozen=True)
class BenchmarkOut:
    """Simply holding the same symbols in equal parts."""

    name: str
    metrics: Figures


@dataclass(frozen=True)
class BacktestOut:
    """A backtest; figures are null or empty until `status` is `done`."""

    id: int
    status: str
    """`queued, running, done, failed, canceled, refused`."""
    strategy: str
    symbol: str
    symbols: list[str]
    start: date | None
    end: date | None
    initial_investment: float
    parameters: dict[str, Any]
    costs: dict[str, float]
    adjustment: str
    shares: str
    fill: str
    rounding: str
    sizing: dict[str, Any]
    exits: dict[str, Any]
    verdict: dict[str, Any] | None
    """`headline` and `sentences` in words, then the figures behind them."""
    metrics: Figures
    benchmark: BenchmarkOut | None
    equity: list[EquityPoint]
    trades: list[TradeOut]
    months: list[dict[str, Any]]
    sharpe_elsewhere: dict[str, float | None]
    """The Sharpe ratio of the same curve as other libraries print it."""
    manifest: dict[str, Any] | None
    sweep: int | None
    error: str
    job: str | None
    created_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True)
class BacktestLine:
    """One backtest in a list."""

    id: int
    status: str
    strategy: str
    symbols: list[str]
    parameters: dict[str, Any]
    start: date | None
    end: date | None
    final_value: float | None
    total_return_pct: float | None
    holding_return_pct: float | None
    standing: str | None
    """The verdict in one word: `edge`, `luck` or `behind`."""
    created_at: datetime


@dataclass(frozen=True)
class HeatOut:
    """`values[row][column]`: rows along `y`, columns along `x`; null where nothing goes."""

    x: dict[str, Any]
    y: dict[str, Any] | None
    metric: str
    values: list[list[float | None]]
    fixed: dict[str, float]


@dataclass(frozen=True)
class SweepOut:
    """A sweep; a canceled one has what was known then."""

    id: int
    status: str
    strategy: str
    symbols: list[str]
    start: date | None
    end: date | None
    initial_investment: float
    parameters: dict[str, Any]
    combinations: int
    done: int
    best: dict[str, Any] | None
    """The combination with the highest Sharpe ratio: the one that is judged."""
    most_money: dict[str, Any] | None
    plateau: dict[str, Any] | None
    """Where the neighbourhood is best on average: the one to prefer."""
    heatmap: HeatOut | None
    top: list[dict[str, Any]]
    """The hundred that ended with the most."""
    sums: dict[str, Any] | None
    benchmark: dict[str, Any] | None
    beat_holding_pct: float | None
    verdict: dict[str, Any] | None
    walk_forward: dict[str, Any] | None
    manifest: dict[str, Any] | None
    error: str
    job: str | None
    created_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True)
class SweepLine:
    """One sweep in a list."""

    id: int
    status: str
    strategy: str
    symbols: list[str]
    parameters: dict[str, Any]
    combinations: int
    done: int
    created_at: datetime
    finished_at: datetime | None


def backtest(run: RunView) -> Mapping[str, Any]:
    """A run as it is sent."""
    result = run.result
    known = result or {"metrics": {}, "trades": [], "months": [], "sharpe_elsewhere": {}}
    return {
        "id": run.id,
        "status": run.status,
        **run.ask.plain(),
        "symbol": run.ask.symbols[0],
        "verdict": run.verdict,
        "metrics": known["metrics"],
        "benchmark": known.get("benchmark"),
        "equity": points(dict(result)) if result else [],
        "trades": known["trades"],
        "months": known["months"],
        "sharpe_elsewhere": known["sharpe_elsewhere"],
        "manifest": run.manifest,
        "sweep": run.sweep_id,
        "error": run.error,
        "job": run.job.id if run.job else None,
        "created_at": run.created_at,
        "finished_at": run.finished_at,
    }


def sweep(view: SweepView, heatmap: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """A sweep as it is sent."""
    known: Mapping[str, Any] = view.result or {}
    asked = view.ask.plain()
    names = ("strategy", "symbols", "start", "end", "initial_investment", "parameters")
    told = ("best", "most_money", "plateau", "sums", "benchmark", "beat_holding_pct")
    return {
        "id": view.id,
        "status": view.status,
        **{name: asked[name] for name in names},
        "combinations": view.combinations,
        "done": view.done,
        **{name: known.get(name) for name in told},
        "heatmap": heatmap,
        "top": known.get("top", []),
        "verdict": known.get("verdict"),
        "walk_forward": known.get("walk_forward"),
        "manifest": view.manifest,
        "error": view.error,
        "job": view.job.id if view.job else None,
        "created_at": view.created_at,
        "finished_at": view.finished_at,
    }
