"""The drift alarm: when the model's promises stop holding, GARCH takes over until they do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

COVERAGE_OK: Final = (0.70, 0.90)
MIN_ORIGINS: Final = 20
LAST_ORIGINS: Final = 60
MAX_OUTSIDE: Final = 0.20
"""Share of symbols whose volatility may lie outside the training range."""


@dataclass(frozen=True, slots=True)
class Drift:
    """Whether the alarm rings, and why."""

    alarm: bool
    reason: str = ""


def check(coverage80: float | None, origins: int, outside: int, symbols: int) -> Drift:
    """Judge by the 80 % band's coverage over the last matured origins, and by feature ranges.

    The coverage is that of the first day after each origin: thirty-day windows of neighboring
    origins overlap and would ring by chance. `coverage80` is a share (0 to 1), None without
    matured forecasts; `outside` of `symbols` have a volatility that training never saw.
    """
    low, high = COVERAGE_OK
    if coverage80 is not None and origins >= MIN_ORIGINS and not low <= coverage80 <= high:
        return Drift(
            True,
            f"The 80 % band held {100 * coverage80:.0f} % of what happened over the last "
            f"{origins} matured origins; it should hold {100 * low:.0f} to {100 * high:.0f} %.",
        )
    if symbols and outside / symbols > MAX_OUTSIDE:
        return Drift(
            True,
            f"{outside} of {symbols} stocks have a volatility that the model never saw in "
            "training.",
        )
    return Drift(False)
