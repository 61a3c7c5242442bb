"""The gate: nothing false comes in, and nothing true is kept out for good."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pytest

from stocksite.core.calendar import xnys
from stocksite.market.adjust import Split
from stocksite.market.overlap import Known, overlap
from stocksite.market.providers.base import BarSeries, Basis
from stocksite.market.quality import Evidence, Opinion, Verdict, examine, split_hint
from tests.emulator.world import LIES, Row, sample_rows

AT = datetime(2026, 11, 20, tzinfo=UTC)
LAST = date(2013, 3, 1)
CRASH = date(2000, 9, 29)


def series(rows: Any) -> BarSeries:
    from stocksite.market.providers.reading import number

    values = [(r.day, *(number(v) for v in (r.open, r.high, r.low, r.close, r.volume)))
              for r in rows]  # fmt: skip
    return BarSeries.of_rows("X", "massive", Basis.RAW, values, AT, "0" * 64)


def rows(symbol: str, first: date, last: date) -> list[Row]:
    return [row for row in sample_rows(symbol) if first <= row.day <= last]


IBM = rows("IBM", date(2011, 1, 3), date(2011, 6, 30))
EVIDENCE = Evidence(LAST)


def judge(bars: list[Row], **evidence: Any) -> Verdict:
    return examine(series(bars), replace(EVIDENCE, **evidence))


def known(bars: list[Row]) -> Known:
    made = series(bars)
    return Known(made.days, made.close)


def opinion(bars: list[Row], basis: Basis = Basis.SPLIT, checked: bool = False) -> Opinion:
    made = series(bars)
    return Opinion("yahoo", basis, made.days, made.close, checked)


def test_the_whole_real_sample_passes_but_for_its_real_moves() -> None:
    for symbol in ("AAPL", "IBM", "MSFT", "GOOG", "FB"):
        bars = list(sample_rows(symbol))
        splits = {
            "AAPL": (Split(date(2000, 6, 21), 2, 1), Split(date(2005, 2, 28), 2, 1)),
            "MSFT": (Split(date(2003, 2, 18), 2, 1),),
        }.get(symbol, ())
        verdict = judge(bars, splits=splits, confirmed=frozenset({CRASH}))
        assert len(verdict.accepted) == len(bars)
        assert verdict.gaps == verdict.refused == verdict.holds == ()
        assert set(verdict.explained.values()) <= {"split", "administrator"}
        assert len(verdict.explained) == {"AAPL": 3, "MSFT": 1}.get(symbol, 0)


def test_unordered_bars_are_sorted() -> None:
    verdict = judge(LIES["unordered"](IBM))
    assert verdict.accepted.days.tolist() == [row.day for row in IBM]


@pytest.mark.parametrize(
    ("lie", "reason"),
    [
        ("high_below_low", "prices"),
        ("zero_price", "prices"),
        ("negative_price", "prices"),
        ("text_price", "prices"),
        ("negative_volume", "volume"),
        ("future", "future"),
        ("weekend", "session"),
    ],
)
def test_a_bar_that_cannot_be_true_is_refused(lie: str, reason: str) -> None:
    verdict = judge(LIES[lie](IBM), last_session=IBM[-1].day)
    assert [refused.reason for refused in verdict.refused] == [reason]
    gone = 0 if lie == "future" else 1
    assert len(verdict.accepted) == len(IBM) - gone
    assert len(verdict.gaps) == gone
    assert verdict.accepted.low.min() > 0


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1.0, 0.0])
@pytest.mark.parametrize("field", ["open", "high", "low", "close"])
def test_no_wrong_number_comes_in(field: str, value: float) -> None:
    verdict = judge([*IBM[:50], replace(IBM[50], **{field: value}), *IBM[51:]])
    assert [refused.day for refused in verdict.refused] == [IBM[50].day]


def test_equal_duplicates_collapse_and_contradictions_are_both_refused() -> None:
    twice = judge(LIES["duplicate"](IBM))
    assert len(twice.accepted) == len(IBM)
    assert len(twice.refused) == 3
    both = judge(LIES["contradiction"](IBM))
    assert len(both.accepted) == len(IBM) - 1
    assert [r.reason for r in both.refused] == ["duplicate", "duplicate"]
    assert both.gaps == (IBM[-3].day,)


def test_a_missing_session_is_listed() -> None:
    assert judge(LIES["missing_session"](IBM)).gaps == (IBM[-6].day,)


def test_the_gap_to_what_is_stored_is_listed_too() -> None:
    verdict = judge(IBM[60:70], known=known(IBM[:55]))
    assert verdict.gaps == tuple(row.day for row in IBM[55:60])


def test_flags() -> None:
    assert judge(LIES["zero_volume"](IBM)).flags == {IBM[-5].day: "no volume"}
    assert judge(LIES["repeat"](IBM)).flags == {IBM[-1].day: "repeat"}


def test_one_wrong_day_holds_only_itself() -> None:
    verdict = judge(LIES["times_1000"](IBM))
    assert [hold.day for hold in verdict.holds] == [IBM[-5].day]
    assert len(verdict.accepted) == len(IBM) - 1


def test_a_wrong_first_day_does_not_spoil_the_rest() -> None:
    first = replace(IBM[0], open=1.0, high=1.0, low=1.0, close=1.0)
    verdict = judge([first, *IBM[1:]])
    assert [hold.day for hold in verdict.holds] == [IBM[0].day]
    assert len(verdict.accepted) == len(IBM) - 1


def test_an_unexplained_ten_to_one_jump_stays_out_with_all_that_follows() -> None:
    verdict = judge(LIES["jump"](IBM))
    assert [hold.day for hold in verdict.holds] == [row.day for row in IBM[-20:]]
    assert verdict.holds[0].hint == "like a 10:1 split"
    assert verdict.held.close.max() < 20
    assert verdict.accepted.close.min() > 100


def test_it_comes_in_when_the_split_is_known() -> None:
    split = Split(IBM[-20].day, 10, 1)
    verdict = judge(LIES["jump"](IBM), splits=(split,))
    assert len(verdict.accepted) == len(IBM)
    assert verdict.explained == {split.ex_date: "split"}


def test_a_split_of_the_wrong_size_explains_nothing() -> None:
    verdict = judge(LIES["jump"](IBM), splits=(Split(IBM[-20].day, 2, 1),))
    assert len(verdict.holds) == 20


def test_a_raw_second_provider_cannot_tell_a_split_from_a_crash() -> None:
    jump = LIES["jump"](IBM)
    assert len(judge(jump, opinions=(opinion(jump, Basis.RAW),)).holds) == 20
    adjusted = opinion(IBM, Basis.SPLIT)
    assert len(judge(jump, opinions=(adjusted,)).holds) == 20


def test_two_providers_that_missed_the_same_split_prove_nothing() -> None:
    jump = LIES["jump"](IBM)
    both = (opinion(jump, Basis.SPLIT), opinion(jump, Basis.RAW, checked=True))
    assert len(judge(jump, opinions=both).holds) == 20
    assert len(judge(jump, confirmed=frozenset({IBM[-20].day})).accepted) == len(IBM)


AAPL = rows("AAPL", date(2000, 9, 1), date(2000, 10, 31))


def test_the_real_crash_waits_for_an_explanation() -> None:
    verdict = judge(AAPL)
    assert verdict.holds[0].day == CRASH
    assert verdict.holds[0].move == pytest.approx(-0.519, abs=0.001)
    assert verdict.accepted.days[-1].item() == date(2000, 9, 28)


@pytest.mark.parametrize(
    "evidence",
    [
        {"confirmed": frozenset({CRASH})},
        {"opinions": (opinion(AAPL, Basis.SPLIT),)},
        {"opinions": (opinion(AAPL, Basis.RAW, checked=True),)},
        {"opinions": (opinion(AAPL[3:], Basis.SPLIT),)},
    ],
)
def test_the_real_crash_is_believed_once_explained(evidence: dict[str, Any]) -> None:
    verdict = judge(AAPL, **evidence)
    assert len(verdict.accepted) == len(AAPL)
    assert verdict.explained[CRASH] in {"administrator", "yahoo"}


def test_a_second_provider_that_says_otherwise_explains_nothing() -> None:
    other = [replace(r, close=float(str(r.close)) * (2 if r.day >= CRASH else 1)) for r in AAPL]
    assert judge(AAPL, opinions=(opinion(other),)).holds[0].day == CRASH
    assert judge(AAPL, opinions=(opinion(AAPL[:10]),)).holds[0].day == CRASH


def test_stored_bars_are_the_measure() -> None:
    verdict = judge(LIES["jump"](IBM)[-20:], known=known(IBM[:-20]))
    assert len(verdict.accepted) == 0
    assert len(verdict.holds) == 20
    good = judge(IBM[-20:], known=known(IBM[:-20]))
    assert len(good.accepted) == 20
    assert good.gaps == ()


def test_days_that_are_stored_are_not_judged_again() -> None:
    verdict = judge(IBM, known=known(IBM[:-1]))
    assert verdict.accepted.days.tolist() == [IBM[-1].day]


def test_older_history_has_to_meet_what_is_stored() -> None:
    tenth = LIES["jump"](IBM[:20])
    verdict = judge(tenth, known=known(IBM[20:]))
    assert len(verdict.accepted) == 0
    assert judge(IBM[:20], known=known(IBM[20:])).accepted.days.tolist() == [
        row.day for row in IBM[:20]
    ]


def test_a_repair_in_the_middle() -> None:
    verdict = judge(IBM[50:52], known=known(IBM[:50] + IBM[52:]))
    assert len(verdict.accepted) == 2
    wrong = LIES["times_1000"](IBM[50:52])
    assert len(judge(wrong, known=known(IBM[:50] + IBM[52:])).accepted) == 1


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_few_bars(count: int) -> None:
    assert len(judge(IBM[:count]).accepted) == count


def test_hints() -> None:
    assert [split_hint(r) for r in (0.1, 0.481, 10.0, 0.66, 0.9, float("nan"))] == [
        "like a 10:1 split",
        "like a 2:1 split",
        "like a 1:10 split",
        "like a 3:2 split",
        "",
        "",
    ]


def test_overlap_compares_the_last_twenty_closes() -> None:
    same = overlap(known(IBM[:60]), series(IBM[30:80]))
    assert (same.compared, same.worst, same.agrees) == (20, 0.0, True)
    half_percent = [replace(r, close=float(str(r.close)) * 1.004) for r in IBM[30:80]]
    assert overlap(known(IBM[:60]), series(half_percent)).agrees
    off = [replace(r, close=float(str(r.close)) * 1.006) for r in IBM[30:80]]
    assert not overlap(known(IBM[:60]), series(off)).agrees
    one = [*IBM[30:50], replace(IBM[50], close=1.0), *IBM[51:80]]
    assert not overlap(known(IBM[:60]), series(one)).agrees


def test_too_little_overlap_is_no_agreement() -> None:
    assert not overlap(known(IBM[:60]), series(IBM[41:80])).agrees
    assert not overlap(known(IBM[:60]), series(IBM[60:80])).agrees
    assert overlap(known(IBM[:5]), series(IBM[:80])).agrees
    assert overlap(Known.nothing(), series(IBM)).agrees


def test_five_hundred_symbols_are_judged_in_no_time() -> None:
    bars = series(rows("IBM", date(2011, 1, 3), date(2012, 12, 31)))
    assert len(bars) > 495
    accepted = sum(len(examine(bars, EVIDENCE).accepted) for _ in range(100))
    assert accepted == 100 * len(bars)


def test_every_session_there_is_can_be_told() -> None:
    days = np.array([s.date for s in xnys().between(date(2011, 1, 3), IBM[-1].day)])
    assert days.tolist() == [row.day for row in IBM]
