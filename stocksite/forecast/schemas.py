"""What scripts get of forecasts, and how it is made from the read models."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any

from stocksite.forecast.boarding import Standing
from stocksite.forecast.bootstrap import Interval
from stocksite.forecast.reading import (
    LEVEL_NAMES,
    ForecastLine,
    ForecastView,
    ModelCard,
    ModelLine,
    PointView,
)


@dataclass(frozen=True, slots=True)
class PointOut:
    """One trading day: the no-change reference, 21 quantiles of the price, and what happened."""

    date: date
    horizon: int
    reference: float
    q025: float
    q05: float
    q10: float
    q15: float
    q20: float
    q25: float
    q30: float
    q35: float
    q40: float
    q45: float
    q50: float
    q55: float
    q60: float
    q65: float
    q70: float
    q75: float
    q80: float
    q85: float
    q90: float
    q95: float
    q975: float
    actual: float | None


@dataclass(frozen=True, slots=True)
class ScoreOut:
    """Means over the matured days. Losses in basis points of log return; ratios below 1 are
    better.
    """

    days: int
    inside80_pct: float
    inside95_pct: float
    pinball: float
    crps: float
    baselines: dict[str, float]
    vs_last_price: float
    vs_ewma: float


@dataclass(frozen=True, slots=True)
class BaseRateOut:
    """How often the price was higher after thirty days, in windows before the origin."""

    up_pct: float
    windows: int


@dataclass(frozen=True, slots=True)
class ForecastOut:
    """Thirty trading days from an origin, or the reason why there are none. Prices in the shares
    of the origin; `made_at` is market time.
    """

    id: int
    symbol: str
    origin: date
    made_at: datetime
    model: str
    model_version: int
    status: str
    reason: str | None
    reason_code: str | None
    market_state: str | None
    short_history: bool
    fallback: bool
    backfilled: bool
    last_close: float | None
    base_rate: BaseRateOut | None
    data_hash: str | None
    points: list[PointOut]
    score: ScoreOut | None


@dataclass(frozen=True, slots=True)
class ForecastLineOut:
    """A forecast in a list; its points are at its own address."""

    id: int
    symbol: str
    origin: date
    model: str
    status: str
    reason: str | None
    last_close: float | None
    low80: float | None
    high80: float | None
    matured: int
    inside80_pct: float | None
    crps_vs_last_price: float | None
    backfilled: bool
    fallback: bool


@dataclass(frozen=True, slots=True)
class EstimateOut:
    """An estimate with its 95 % interval, drawn by months of origins."""

    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class StandingOut:
    """One method on the days that all of them forecast. `skill` says what the interval allows."""

    method: str
    label: str
    days: int
    coverage80_pct: EstimateOut
    coverage95_pct: EstimateOut
    coverage80_by_state_pct: dict[str, float | None]
    pinball: float
    crps: float
    winkler80: float
    winkler95: float
    error: float
    crps_vs_last_price: EstimateOut
    crps_vs_ewma: EstimateOut
    error_vs_last_price: EstimateOut
    skill: str


@dataclass(frozen=True, slots=True)
class BoardOut:
    """Our models and the baselines, side by side."""

    days: int
    months: int
    first: date | None
    last: date | None
    alarm: str | None
    results: list[StandingOut]


@dataclass(frozen=True, slots=True)
class ModelOut:
    """A model of the registry. `cut`: training used closes before this day."""

    id: int
    kind: str
    version: str
    status: str
    trained_at: datetime
    cut: date
    verdict: str


@dataclass(frozen=True, slots=True)
class ModelEventOut:
    """A line of the registry's audit trail. `at` is wall time."""

    kind: str
    reason: str
    at: datetime
    market_day: date | None


@dataclass(frozen=True, slots=True)
class ModelCardOut:
    """Everything a model's card says: what it learned from, how it did, what became of it."""

    model: ModelOut
    predecessor: int | None
    sha256: str
    artifact_bytes: int
    seconds: float | None
    training: dict[str, Any]
    ranges: dict[str, list[float]]
    metrics: dict[str, Any]
    events: list[ModelEventOut]


def forecast_out(view: ForecastView) -> ForecastOut:
    """A forecast as scripts see it."""
    rate = None
    if view.up_share_pct is not None and view.up_windows:
        rate = BaseRateOut(view.up_share_pct, view.up_windows)
    score = view.score
    return ForecastOut(
        id=view.id,
        symbol=view.symbol,
        origin=view.origin,
        made_at=view.made_at,
        model=view.model,
        model_version=view.model_version_id,
        status=view.status,
        reason=view.reason or None,
        reason_code=view.reason_code,
        market_state=view.state or None,
        short_history=view.short_history,
        fallback=view.fallback,
        backfilled=view.backfilled,
        last_close=view.last_close,
        base_rate=rate,
        data_hash=view.data_hash,
        points=[point_out(point) for point in view.points],
        score=ScoreOut(**{f.name: getattr(score, f.name) for f in fields(ScoreOut)})
        if score
        else None,
    )


def point_out(point: PointView) -> PointOut:
    """A day as scripts see it; quantiles rounded to 6 places, like prices."""
    prices = (round(price, 6) for price in point.quantiles)
    return PointOut(
        date=point.date,
        horizon=point.horizon,
        reference=point.reference,
        actual=point.actual,
        **dict(zip(LEVEL_NAMES, prices, strict=True)),
    )


def line_out(line: ForecastLine) -> ForecastLineOut:
    """A forecast of a list as scripts see it."""
    values = {f.name: getattr(line, f.name) for f in fields(ForecastLineOut)}
    return ForecastLineOut(**values | {"reason": line.reason or None})


def standing_out(line: Standing) -> StandingOut:
    """A line of the scoreboard as scripts see it."""
    return StandingOut(
        method=line.method,
        label=line.label,
        days=line.n,
        coverage80_pct=_estimate(line.coverage80_pct),
        coverage95_pct=_estimate(line.coverage95_pct),
        coverage80_by_state_pct=line.states80_pct,
        pinball=line.pinball,
        crps=line.crps,
        winkler80=line.winkler80,
        winkler95=line.winkler95,
        error=line.error,
        crps_vs_last_price=_estimate(line.vs_last_price),
        crps_vs_ewma=_estimate(line.vs_ewma),
        error_vs_last_price=_estimate(line.error_vs_last_price),
        skill=line.verdict,
    )


def model_out(line: ModelLine) -> ModelOut:
    """A model as scripts see it."""
    return ModelOut(**{f.name: getattr(line, f.name) for f in fields(ModelOut)})


def card_out(card: ModelCard) -> ModelCardOut:
    """A model's card as scripts see it."""
    same = ("sha256", "artifact_bytes", "seconds", "training", "ranges", "metrics")
    events = [
        ModelEventOut(**{f.name: getattr(event, f.name) for f in fields(ModelEventOut)})
        for event in card.events
    ]
    return ModelCardOut(
        model=model_out(card.line),
        predecessor=card.predecessor_id,
        events=events,
        **{name: getattr(card, name) for name in same},
    )


def _estimate(interval: Interval) -> EstimateOut:
    return EstimateOut(interval.value, interval.low, interval.high)
