"""A figure printed: what rounds to nothing has no sign."""

from __future__ import annotations

import pytest

from stocksite.portfolios.figures import FIGURES, printed


@pytest.mark.parametrize(
    ("value", "text"), [(-0.004, "0.00"), (-0.0, "0.00"), (-0.006, "-0.01"), (0.005, "0.00")]
)
def test_no_minus_zero(value: float, text: str) -> None:
    assert str(printed(FIGURES[0], value)) == text
