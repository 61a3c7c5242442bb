"""Tables of the forecast room. Forecasts and scores are only ever added, never changed.

A forecast belongs to the site, not to a person: everybody sees the same one, and its score.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    Text,
    TypeDecorator,
    text,
)
from sqlalchemy import Date as SqlDate
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import Mapped, mapped_column

from stocksite.core.database import Base, Utc


class Doubles(TypeDecorator[list[Any]]):
    """An array of doubles, sent as `{1.5,2.5}`: the driver's `ARRAY[…]` takes ten times as long."""

    impl = ARRAY
    cache_ok = True

    def __init__(self, dimensions: int = 1) -> None:
        super().__init__(Double, dimensions=dimensions)

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], str | None]:
        """Lists of finite floats as PostgreSQL writes them."""

        def write(value: Any) -> str | None:
            return None if value is None else repr(value).translate(_BRACES)

        return write

    def coerce_compared_value(self, op: Any, value: Any) -> Any:
        """An index is a whole number, not another array."""
        return self.impl_instance.coerce_compared_value(op, value)


_BRACES = str.maketrans("[]", "{}", " ")


class Days(TypeDecorator[list[date]]):
    """An array of days, sent as `{2009-01-02,2009-01-05}`.

    As `ARRAY['2009-01-02'::date, …]` each day is an expression to be parsed: of a night's
    forecasts 45,000.
    """

    impl = ARRAY(SqlDate)
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], str | None]:
        """Lists of days as PostgreSQL writes them."""

        def write(value: Any) -> str | None:
            return None if value is None else f"{{{','.join(map(date.isoformat, value))}}}"

        return write

    def coerce_compared_value(self, op: Any, value: Any) -> Any:
        """An index is a whole number, not another array."""
        return self.impl_instance.coerce_compared_value(op, value)


class ModelVersion(Base):
    """A trained model with everything its card says. The artifact is plain JSON numbers."""

    __tablename__ = "model_version"
    __table_args__ = (
        CheckConstraint("kind IN ('linear', 'boosted')", name="kind"),
        CheckConstraint(
            "status IN ('candidate', 'live', 'challenger', 'retired', 'rejected')", name="status"
        ),
        Index(
            "uq_model_version_live", "status", unique=True, postgresql_where=text("status = 'live'")
        ),
        Index(
            "uq_model_version_challenger",
            "status",
            unique=True,
            postgresql_where=text("status = 'challenger'"),
        ),
        Index("uq_model_version_kind_version", "kind", "version", unique=True),
    )

    id: Mapped[int] = mapped_column(Integer, Identity(), primary_key=True)
    kind: Mapped[str] = mapped_column(String(10))
    version: Mapped[str] = mapped_column(String(40))
    status: Mapped[str] = mapped_column(String(10))
    """`live` makes the forecasts, `challenger` is scored beside it; one of each."""
    trained_at: Mapped[datetime] = mapped_column(Utc)
    """Wall time; of the shipped models, when they were installed here."""
    cut: Mapped[date]
    """Training used closes before this day."""
    training: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """Symbols, days, rows, hash of the data, seed, versions of the tools."""
    ranges: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """Least and largest value of each feature in training."""
    artifact: Mapped[bytes] = mapped_column(LargeBinary)
    sha256: Mapped[str] = mapped_column(String(64))
    seconds: Mapped[float | None] = mapped_column(Double)
    """Training time; None for the shipped models."""
    metrics: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    """How it did on held-out origins, when it was judged."""
    verdict: Mapped[str] = mapped_column(Text, default="")
    predecessor_id: Mapped[int | None] = mapped_column(ForeignKey("model_version.id"))


class ModelEvent(Base):
    """What happened to models, and the drift alarm: the registry's audit trail."""

    __tablename__ = "model_event"
    __table_args__ = (
        CheckConstraint(
            "kind IN ('installed', 'trained', 'promoted', 'rejected', 'rolled_back',"
            " 'alarm', 'all_clear')",
            name="kind",
        ),
    )

    id: Mapped[int] = mapped_column(Integer, Identity(), primary_key=True)
    model_version_id: Mapped[int] = mapped_column(ForeignKey("model_version.id"))
    kind: Mapped[str] = mapped_column(String(12))
    reason: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(Utc)
    """Wall time."""
    market_day: Mapped[date | None]


class Forecast(Base):
    """Thirty trading days of one stock from one origin, or the reason why there are none."""

    __tablename__ = "forecast"
    __table_args__ = (
        CheckConstraint("status IN ('done', 'refused')", name="status"),
        CheckConstraint(
            "(status = 'refused') = (reason_code IS NOT NULL)"
            " AND (status = 'done') = (quantiles IS NOT NULL)",
            name="content",
        ),
        Index("ix_forecast_stock_id", "stock_id", "origin"),
        Index(
            "uq_forecast_done",
            "stock_id",
            "origin",
            "backfilled",
            unique=True,
            postgresql_where=text("status = 'done'"),
        ),
    )

    id: Mapped[int] = mapped_column(Integer, Identity(), primary_key=True)
    stock_id: Mapped[int] = mapped_column(ForeignKey("stock.id", ondelete="CASCADE"))
    model_version_id: Mapped[int] = mapped_column(ForeignKey("model_version.id"))
    challenger_id: Mapped[int] = mapped_column(ForeignKey("model_version.id"))
    origin: Mapped[date]
    """The last session whose close the forecast saw."""
    made_at: Mapped[datetime] = mapped_column(Utc)
    """Market time."""
    recorded_at: Mapped[datetime] = mapped_column(Utc)
    """Wall time."""
    backfilled: Mapped[bool] = mapped_column(Boolean, default=False)
    """Made later, from what was known at the origin, by a model trained before it."""
    data_hash: Mapped[str | None] = mapped_column(String(64))
    """SHA-256 of symbol, days and returns that went in."""
    status: Mapped[str] = mapped_column(String(8))
    reason_code: Mapped[str | None] = mapped_column(String(20))
    reason: Mapped[str] = mapped_column(Text, default="")
    state: Mapped[str] = mapped_column(String(8), default="")
    """`calm`, `middle` or `wild`, against the stock's own history."""
    short_history: Mapped[bool] = mapped_column(Boolean, default=False)
    fallback: Mapped[bool] = mapped_column(Boolean, default=False)
    """Made by GARCH because the drift alarm rang."""
    outside: Mapped[bool] = mapped_column(Boolean, default=False)
    """Whether a volatility lay outside what training saw."""
    last_close: Mapped[float | None] = mapped_column(Double)
    """In the shares of the origin; all prices of the forecast are."""
    up_share: Mapped[float | None] = mapped_column(Double)
    """Base rate: share of earlier 30-day windows of this stock that ended higher."""
    up_windows: Mapped[int | None] = mapped_column(Integer)
    days: Mapped[list[date] | None] = mapped_column(Days())
    recent_days: Mapped[list[date] | None] = mapped_column(Days())
    recent: Mapped[list[float] | None] = mapped_column(Doubles())
    """The last closes that were seen, in the shares of the origin: what the chart leads in with."""
    quantiles: Mapped[list[list[float]] | None] = mapped_column(Doubles(2))
    """Prices, 30 × 21."""
    spreads: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    """Every method's center, scale and shape in log returns: what is scored."""


class PendingForecast(Base):
    """Which horizon of a forecast is scored next; the row goes when all thirty are."""

    __tablename__ = "forecast_pending"

    forecast_id: Mapped[int] = mapped_column(
        ForeignKey("forecast.id", ondelete="CASCADE"), primary_key=True
    )
    next_horizon: Mapped[int] = mapped_column(SmallInteger, default=1)
    next_day: Mapped[date] = mapped_column(index=True)


class ForecastScore(Base):
    """One matured horizon: what happened, and every method's score in the order of `METHODS`."""

    __tablename__ = "forecast_score"

    forecast_id: Mapped[int] = mapped_column(
        ForeignKey("forecast.id", ondelete="CASCADE"), primary_key=True
    )
    horizon: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    day: Mapped[date]
    actual: Mapped[float] = mapped_column(Double)
    """The close, in the shares of the origin."""
    pinball: Mapped[list[float]] = mapped_column(Doubles())
    crps: Mapped[list[float]] = mapped_column(Doubles())
    winkler80: Mapped[list[float]] = mapped_column(Doubles())
    winkler95: Mapped[list[float]] = mapped_column(Doubles())
    error: Mapped[list[float]] = mapped_column(Doubles())
    inside80: Mapped[list[float]] = mapped_column(Doubles())
    inside95: Mapped[list[float]] = mapped_column(Doubles())


class ScoreTally(Base):
    """Sums of scores by month of origin, model, market state and method: what the board adds up.

    A projection of `forecast_score`; `service.board.rebuild` makes it again.
    """

    __tablename__ = "forecast_tally"

    month: Mapped[date] = mapped_column(primary_key=True)
    """First day of the origin's month: the block that the bootstrap draws."""
    model_version_id: Mapped[int] = mapped_column(ForeignKey("model_version.id"), primary_key=True)
    backfilled: Mapped[bool] = mapped_column(primary_key=True)
    fallback: Mapped[bool] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(String(8), primary_key=True)
    method: Mapped[str] = mapped_column(String(12), primary_key=True)
    n: Mapped[int] = mapped_column(Integer)
    pinball: Mapped[float] = mapped_column(Double)
    crps: Mapped[float] = mapped_column(Double)
    winkler80: Mapped[float] = mapped_column(Double)
    winkler95: Mapped[float] = mapped_column(Double)
    error: Mapped[float] = mapped_column(Double)
    inside80: Mapped[float] = mapped_column(Double)
    inside95: Mapped[float] = mapped_column(Double)
