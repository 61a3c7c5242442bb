"""What the lab answers with: frozen read models. Research figures are plain numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from stocksite.backtest.ask import Ask

ENDED = ("done", "failed", "canceled", "refused")


@dataclass(frozen=True, slots=True)
class JobState:
    """How the job behind a run or a sweep stands; `progress` from 0 to 1."""

    id: str
    status: str
    progress: float
    message: str


@dataclass(frozen=True, slots=True)
class RunView:
    """One backtest. `result`, `verdict` and `manifest` are the JSON values that are stored."""

    id: int
    status: str
    ask: Ask
    result: Mapping[str, Any] | None
    verdict: Mapping[str, Any] | None
    manifest: Mapping[str, Any] | None
    error: str
    sweep_id: int | None
    created_at: datetime
    finished_at: datetime | None
    job: JobState | None = None

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen."""
        return self.status in ENDED


@dataclass(frozen=True, slots=True)
class RunSummary:
    """One line of the history."""

    id: int
    status: str
    ask: Ask
    final_value: float | None
    total_return_pct: float | None
    holding_return_pct: float | None
    standing: str | None
    """The verdict in one word, once somebody has looked at it."""
    created_at: datetime


@dataclass(frozen=True, slots=True)
class SweepView:
    """A grid, played. `ask.parameters` are the grid as it was asked for."""

    id: int
    status: str
    ask: Ask
    combinations: int
    done: int
    result: Mapping[str, Any] | None
    manifest: Mapping[str, Any] | None
    error: str
    created_at: datetime
    finished_at: datetime | None
    job: JobState | None = None

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen."""
        return self.status in ENDED


@dataclass(frozen=True, slots=True)
class Recheck:
    """What running a manifest again came to."""

    identical: bool
    """Whether the JSON is the same, byte for byte."""
    stored: str
    """SHA-256 of the canonical JSON that is stored."""
    again: str
    """The same of the new one."""
    reasons: tuple[str, ...]
    """What is not as it was: data, rules, code. Empty when nothing is."""


@dataclass(frozen=True, slots=True)
class AttachedView:
    """A strategy that trades a portfolio. Times are market time."""

    id: int
    portfolio_id: int
    portfolio_name: str
    run_id: int | None
    ask: Ask
    status: str
    started_on: date
    cash: Decimal
    baseline: int
    """The portfolio's last posting before it was attached."""
    created_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class StepView:
    """One line of an attached strategy's diary."""

    day: date
    kind: str
    orders: tuple[Mapping[str, Any], ...]
    at: datetime
