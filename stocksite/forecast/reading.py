"""What the forecast room answers with: frozen read models. Prices are doubles, times aware UTC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from stocksite.forecast.terms import HORIZON, LEVELS

LEVEL_NAMES = tuple(
    f"q{level * 1000:03.0f}" if round(level * 100, 6) % 1 else f"q{round(level * 100):02d}"
    for level in LEVELS
)
"""`q025, q05, q10 … q95, q975`."""


@dataclass(frozen=True, slots=True)
class PointView:
    """One trading day of a fan. Prices in the shares of the origin."""

    date: date
    horizon: int
    """Trading days after the origin, 1 to 30."""
    reference: float
    """The no-change reference: the origin's close."""
    quantiles: tuple[float, ...]
    """One price per level of `LEVELS`."""
    actual: float | None
    """The close of that day, once it has come."""

    def at(self, level: float) -> float:
        """The price of one of the 21 levels."""
        return self.quantiles[LEVELS.index(level)]


@dataclass(frozen=True, slots=True)
class ScoreView:
    """How a forecast has done so far, mean over its matured days. Losses in basis points."""

    days: int
    inside80_pct: float
    inside95_pct: float
    pinball: float
    crps: float
    baselines: dict[str, float]
    """CRPS of the others on the same days, by method."""
    vs_last_price: float
    """CRPS over that of the last price; below 1 is better."""
    vs_ewma: float


@dataclass(frozen=True, slots=True)
class ForecastView:
    """A stored forecast, or a stored refusal."""

    id: int
    symbol: str
    name: str
    origin: date
    made_at: datetime
    """Market time."""
    model: str
    """Kind and version, like `boosted 1.0.0`; `GARCH (fallback)` while the drift alarm rang."""
    model_version_id: int
    status: str
    reason_code: str | None
    reason: str
    state: str
    short_history: bool
    fallback: bool
    backfilled: bool
    data_hash: str | None
    last_close: float | None
    up_share_pct: float | None
    up_windows: int | None
    recent: tuple[tuple[date, float], ...]
    """The last closes that were seen, in the shares of the origin."""
    points: tuple[PointView, ...]
    score: ScoreView | None

    @property
    def refused(self) -> bool:
        """Whether there are no numbers, but a reason."""
        return self.status == "refused"

    @property
    def last(self) -> PointView:
        """The thirtieth day."""
        return self.points[HORIZON - 1]

    @property
    def matured(self) -> int:
        """Days of which the close is known."""
        return sum(1 for point in self.points if point.actual is not None)

    @property
    def width80_pct(self) -> float | None:
        """Width of the 80 % band on the last day, percent of the origin's close."""
        if not self.points or not self.last_close:
            return None
        return 100 * (self.last.at(0.9) - self.last.at(0.1)) / self.last_close


@dataclass(frozen=True, slots=True)
class ForecastLine:
    """A forecast in a list."""

    id: int
    symbol: str
    name: str
    origin: date
    model: str
    status: str
    reason: str
    state: str
    backfilled: bool
    fallback: bool
    last_close: float | None
    low80: float | None
    """80 % band of the thirtieth day."""
    high80: float | None
    matured: int
    inside80_pct: float | None
    """Share of the matured days inside the 80 % band."""
    crps_vs_last_price: float | None

    @property
    def width80_pct(self) -> float | None:
        """Width of the 80 % band on the last day, percent of the origin's close."""
        if self.low80 is None or self.high80 is None or not self.last_close:
            return None
        return 100 * (self.high80 - self.low80) / self.last_close


@dataclass(frozen=True, slots=True)
class ModelLine:
    """A model of the registry, without its artifact."""

    id: int
    kind: str
    version: str
    status: str
    trained_at: datetime
    cut: date
    verdict: str

    @property
    def label(self) -> str:
        """`boosted 1.0.0`."""
        return f"{self.kind} {self.version}"


@dataclass(frozen=True, slots=True)
class EventLine:
    """A line of the registry's audit trail."""

    kind: str
    reason: str
    at: datetime
    market_day: date | None


@dataclass(frozen=True, slots=True)
class ModelCard:
    """Everything there is to say about a model."""

    line: ModelLine
    sha256: str
    artifact_bytes: int
    seconds: float | None
    training: dict[str, Any]
    ranges: dict[str, list[float]]
    metrics: dict[str, Any]
    predecessor_id: int | None
    events: tuple[EventLine, ...]
