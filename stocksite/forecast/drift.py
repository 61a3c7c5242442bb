"""The drift alarm: when the model's promises stop holding, GARCH takes over until they do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

COVERAGE_OK: Final = (0.70, 0.90)
CALM_MARGIN: Final = 0.02
"""How far inside its bounds the coverage must come back before a ringing alarm ends."""
MIN_ORIGINS: Final = 20
LAST_ORIGINS: Final = 60
MAX_OUTSIDE: Final = 0.20
"""Share of symbols whose volatility may lie outside the training range."""
MIN_OUTSIDE: Final = 2
"""One stock outside is that stock's matter; drift is what several share."""


@dataclass(frozen=True, slots=True)
class Drift:
    """Whether the alarm rings, and why."""

    alarm: bool
    reason: str = ""


def check(
    coverage80: float | None, origins: int, outside: int, symbols: int, *, rang: bool = False
) -> Drift:
    """Judge by the 80 % band's coverage over the last matured origins, and by feature ranges.

    The coverage is that of the first day after each origin: thirty-day windows of neighboring
    origins overlap and would ring by chance. `coverage80` is a share (0 to 1), None without
    matured forecasts; `outside` of `symbols` have a volatility that training never saw. With `rang`
    the alarm rings already, and ends only well inside the bounds: it does not flutter.
    """
    low, high = COVERAGE_OK
    margin = CALM_MARGIN if rang else 0.0
    told = coverage80 if origins >= MIN_ORIGINS else None
    if told is not None and not low + margin <= told <= high - margin:
        return Drift(
            True,
            f"The 80 % band held {100 * told:.1f} % of what happened over the last "
            f"{origins} matured origins; it should hold {100 * low:.0f} to {100 * high:.0f} %.",
        )
    if outside >= MIN_OUTSIDE and outside / symbols > MAX_OUTSIDE:
        return Drift(
            True,
            f"{outside} of {symbols} stocks have a volatility that the model never saw in "
            "training.",
        )
    return Drift(False)
