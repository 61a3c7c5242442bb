"""Windows: the bars they mean, and the sentences when they cannot."""

from __future__ import annotations

from datetime import date

import pytest

from stocksite.backtest.window import starting_cash, window
from stocksite.core.errors import InvalidInput
from tests.backtest.samples import raw

DATES = raw("FB").dates


def test_bars_between_two_days() -> None:
    assert window(DATES, None, None, "FB") == (0, 196)
    low, high = window(DATES, date(2012, 6, 2), date(2012, 6, 8), "FB")
    assert [str(day) for day in DATES[low:high]] == [f"2012-06-0{d}" for d in (4, 5, 6, 7, 8)]


@pytest.mark.parametrize(
    ("start", "end", "field", "words"),
    [
        (date(2013, 1, 2), date(2012, 1, 2), "end", "lies before the start"),
        (date(2010, 1, 4), None, "start", "begins on 2012-05-18"),
        (None, date(2020, 1, 2), "end", "ends on 2013-03-01"),
        (date(2012, 6, 2), date(2012, 6, 4), "end", "has 1 session; two are needed"),
    ],
)
def test_impossible_windows_say_why(
    start: date | None, end: date | None, field: str, words: str
) -> None:
    with pytest.raises(InvalidInput, match=words) as caught:
        window(DATES, start, end, "FB")
    assert caught.value.fields[0].field == field


def test_cash() -> None:
    assert starting_cash(100) == 100.0
    for bad in (0, -5, float("nan"), float("inf")):
        with pytest.raises(InvalidInput, match=r"more than \$0"):
            starting_cash(bad)
