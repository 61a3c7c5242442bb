"""The replay clock's arithmetic: whole months stepped second by second, without a database."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stocksite.core.calendar import NEW_YORK, xnys
from stocksite.market import replay
from stocksite.market.replay import Position, Step

LAST = date(2013, 3, 1)


def tick(at: Position, wall_s: float = 1.0, speed: float = 390.0, gate: bool = True) -> Step:
    return replay.step(at, wall_s, speed, gate, LAST, xnys())


def play(start: date, days: int) -> list[tuple[Position, Step]]:
    """Every step from `start` until so many sessions have closed and been booked."""
    at, steps, closed = replay.begin(start, xnys()), [], 0
    while closed < days:
        done = tick(at)
        steps.append((at, done))
        at = done.position
        closed += done.closed is not None
    return steps


def test_a_month_second_by_second() -> None:
    steps = play(date(2009, 1, 1), 20)
    opened = [step.opened for _, step in steps if step.opened]
    expected = [session.date for session in xnys().between(date(2009, 1, 2), date(2009, 1, 30))]
    assert opened == expected
    assert [step.closed for _, step in steps if step.closed] == expected
    for before, step in steps:
        assert step.position.market_at >= before.market_at
        if step.opened:
            assert step.position.market_at == xnys().on(step.opened).open
            assert step.position.phase == "open"
        if step.closed:
            assert step.position.market_at == xnys().on(step.closed).close
            assert step.position.phase == "closing"
    open_steps = sum(before.phase == "open" for before, _ in steps)
    assert open_steps == 60 * len(expected)
    nights = [before for before, _ in steps if before.phase == "closed"]
    assert len(nights) <= 4 * len(expected)


def test_a_half_day_and_the_clock_change_end_where_the_exchange_does() -> None:
    for day, minutes, utc in (
        (date(2009, 11, 27), 210, "18:00"),
        (date(2009, 3, 6), 390, "21:00"),
        (date(2009, 3, 9), 390, "20:00"),
        (date(2009, 10, 30), 390, "20:00"),
        (date(2009, 11, 2), 390, "21:00"),
    ):
        steps = play(day, 1)
        at = steps[-1][1].position.market_at
        assert f"{at:%H:%M}" == utc
        ticks = sum(before.phase == "open" for before, _ in steps)
        assert ticks == -(-minutes * 60 // 390)


def test_a_new_market_stands_in_the_night_before() -> None:
    at = replay.begin(date(2009, 1, 2), xnys())
    assert at == Position(
        "closed",
        datetime(2009, 1, 2, 5, tzinfo=UTC),
        date(2008, 12, 31),
        datetime(2009, 1, 2, 14, 30, tzinfo=UTC),
    )
    weekend = replay.begin(date(2009, 1, 3), xnys())
    assert weekend.next_open == datetime(2009, 1, 5, 14, 30, tzinfo=UTC)
    assert weekend.session_date == date(2009, 1, 2)


@pytest.mark.parametrize("day", [date(2009, 1, 7), date(2009, 1, 9), date(2009, 1, 16)])
def test_a_night_a_weekend_and_a_holiday_take_four_seconds(day: date) -> None:
    session = xnys().on(day)
    at = replay.closing(session, LAST, xnys())
    at = tick(at).position
    assert at.phase == "closed"
    seconds = 0
    while at.phase == "closed":
        at, seconds = tick(at).position, seconds + 1
    assert seconds == 4
    assert at.session_date == xnys().next_after(session.close).date


def test_a_closed_gate_holds_the_market_at_the_close() -> None:
    session = xnys().on(date(2009, 1, 7))
    at = replay.closing(session, LAST, xnys())
    for _ in range(100):
        held = tick(at, gate=False)
        assert held == Step(at)
    assert tick(at, gate=True).position.phase == "closed"


def test_a_suspended_machine_does_not_leap() -> None:
    at = tick(replay.begin(date(2009, 1, 2), xnys()), 3.0).position
    assert at.phase == "open"
    later = tick(at, wall_s=86_400.0).position
    assert later.market_at - at.market_at == timedelta(seconds=3 * 390)


def test_a_clock_set_back_stops_time_but_never_turns_it() -> None:
    at = tick(replay.begin(date(2009, 1, 2), xnys()), 3.0).position
    assert tick(at, wall_s=-3_600.0) == Step(at)


def test_no_step_passes_an_open_or_a_close() -> None:
    night = replay.begin(date(2009, 1, 2), xnys())
    opened = tick(night, wall_s=3.0, speed=100_000.0)
    assert opened.position.market_at == xnys().on(date(2009, 1, 2)).open
    closed = tick(opened.position, wall_s=3.0, speed=100_000.0)
    assert closed.closed == date(2009, 1, 2)
    assert closed.position.market_at == xnys().on(date(2009, 1, 2)).close


def test_after_the_last_bar_the_market_has_ended() -> None:
    at = replay.closing(xnys().on(LAST), LAST, xnys())
    assert at.next_open is None
    ended = tick(at)
    assert (ended.position.phase, ended.moved) == ("ended", True)
    assert tick(ended.position, 3.0) == Step(ended.position)
    assert ended.position.market_at == xnys().on(LAST).close


def test_a_start_that_finds_no_session_left_ends() -> None:
    at = replace(replay.begin(date(2013, 3, 2), xnys()), next_open=None)
    assert tick(at).position.phase == "ended"


@given(
    st.lists(
        st.tuples(st.floats(-5, 10), st.floats(0.1, 100_000), st.booleans(), st.integers(0, 20)),
        max_size=60,
    )
)
def test_market_time_never_goes_back_and_events_alternate(
    moves: list[tuple[float, float, bool, int]],
) -> None:
    at, log = replay.begin(date(2012, 12, 20), xnys()), []
    for wall_s, speed, gate, _ in moves:
        done = tick(at, wall_s, speed, gate)
        assert done.position.market_at >= at.market_at
        assert not (done.opened and done.closed)
        log += [("open", done.opened)] * bool(done.opened)
        log += [("close", done.closed)] * bool(done.closed)
        at = done.position
        if at.phase == "open":
            assert xnys().on(at.session_date).contains(at.market_at)
    assert [kind for kind, _ in log] == ["open", "close"] * (len(log) // 2) + ["open"] * (
        len(log) % 2
    )
    dates = [day for kind, day in log if kind == "open"]
    assert dates == [s.date for s in xnys().sessions if s.date >= date(2012, 12, 20)][: len(dates)]


def test_skipping_lists_every_session_that_was_not_played() -> None:
    night = replay.begin(date(2009, 1, 2), xnys())
    passed = replay.skipped(night, date(2009, 1, 8), xnys())
    assert [s.date.day for s in passed] == [2, 5, 6, 7]
    running = tick(night, 3.0).position
    assert [s.date.day for s in replay.skipped(running, date(2009, 1, 6), xnys())] == [2, 5]
    assert replay.skipped(night, date(2009, 1, 2), xnys()) == []
    booked = Position(
        "closed", xnys().on(date(2009, 1, 2)).close, date(2009, 1, 2), night.next_open
    )
    assert [s.date.day for s in replay.skipped(booked, date(2009, 1, 6), xnys())] == [5]


def new_york(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=NEW_YORK).astimezone(UTC)


def test_the_live_clock_follows_the_exchange() -> None:
    friday, monday = date(2026, 11, 20), date(2026, 11, 23)
    here = Position("closed", new_york(friday, 8), date(2026, 11, 19), None)
    log = []
    for at, gate in (
        (new_york(friday, 8), True),
        (new_york(friday, 9, 30), True),
        (new_york(friday, 12), True),
        (new_york(friday, 16), True),
        (new_york(friday, 16, 1), False),
        (new_york(friday, 16, 2), True),
        (new_york(monday, 9, 29), True),
        (new_york(monday, 9, 31), True),
    ):
        step = replay.follow(here, at, gate, xnys())
        here = step.position
        assert here.market_at == at
        log.append((here.phase, step.opened, step.closed))
    assert log == [
        ("closed", None, None),
        ("open", friday, None),
        ("open", None, None),
        ("closing", None, friday),
        ("closing", None, None),
        ("closed", None, None),
        ("closed", None, None),
        ("open", monday, None),
    ]


def test_a_live_site_that_was_down_over_a_close_still_books_it() -> None:
    thursday, friday = date(2026, 11, 19), date(2026, 11, 20)
    open_then = Position("open", new_york(thursday, 15), thursday, None)
    woke = replay.follow(open_then, new_york(friday, 7), True, xnys())
    assert woke.closed == thursday
    slept = Position("closed", new_york(thursday, 8), date(2026, 11, 18), None)
    assert replay.follow(slept, new_york(thursday, 20), True, xnys()).closed == thursday
