"""Forecasts are made, stored for good, scored as days come, and added up."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DatabaseError

from stocksite.core.errors import Conflict
from stocksite.forecast.models import (
    Forecast,
    ForecastScore,
    ModelVersion,
    PendingForecast,
    ScoreTally,
)
from stocksite.forecast.service import board, making, maturing, reads, registry
from stocksite.market.service import clock, stocks


def ahead(session, day):
    """Move market time to the night after a session."""
    clock.skip_to(session, day, clock.wall_now())
    session.commit()
    return clock.state(session)


def test_a_forecast_is_made_once_and_reads_as_thirty_trading_days(session, market):
    state = clock.state(session)
    stock = stocks.get(session, "AAPL")
    first, new = making.make(session, stock, state)
    assert new
    assert making.make(session, stock, state) == (first, False)
    view = reads.view(session, first)
    assert view.origin == state.last_complete
    assert [p.horizon for p in view.points] == list(range(1, 31))
    assert all(p.date.weekday() < 5 for p in view.points)
    assert view.points[0].date == date(2009, 1, 2)
    assert view.points[10].date == date(2009, 1, 16)
    assert view.points[11].date == date(2009, 1, 20), "Martin Luther King's day is no trading day"
    for point in view.points:
        assert list(point.quantiles) == sorted(point.quantiles)
        assert point.at(0.5) == pytest.approx(view.last_close)
    assert view.last.at(0.9) - view.last.at(0.1) > view.points[0].at(0.9) - view.points[0].at(0.1)


def test_days_are_scored_as_they_come_and_tallies_add_up(session, market):
    state = clock.state(session)
    making.make_all(session, state)
    session.commit()
    state = ahead(session, date(2009, 1, 15))
    matured = maturing.mature(session, state)
    days = len(
        [1 for d in session.scalars(select(Forecast.days)).first() if d <= state.last_complete]
    )
    assert matured == 4 * days
    assert maturing.mature(session, state) == 0, "a second run adds nothing"
    total = session.scalar(select(func.sum(ScoreTally.n)).where(ScoreTally.method == "model"))
    assert total == matured
    before = session.execute(
        select(ScoreTally.method, func.sum(ScoreTally.crps)).group_by(ScoreTally.method)
    ).all()
    board.rebuild(session)
    after = session.execute(
        select(ScoreTally.method, func.sum(ScoreTally.crps)).group_by(ScoreTally.method)
    ).all()
    assert dict(map(tuple, before)) == pytest.approx(dict(map(tuple, after)))


def test_the_score_is_that_of_the_stored_numbers(session, market):
    state = clock.state(session)
    made, _ = making.make(session, stocks.get(session, "IBM"), state)
    session.commit()
    state = ahead(session, date(2009, 3, 2))
    maturing.mature(session, state)
    view = reads.view(session, made)
    assert view.matured == 30
    assert session.get(PendingForecast, made) is None
    row = session.get(ForecastScore, (made, 30))
    gap = np.log(row.actual / np.array(view.last.quantiles))
    levels = np.array([0.025, *(i / 20 for i in range(1, 20)), 0.975])
    assert row.pinball[0] == pytest.approx(np.maximum(levels * gap, (levels - 1) * gap).mean())
    assert row.inside80[0] == float(view.last.at(0.1) <= row.actual <= view.last.at(0.9))


def test_forecasts_and_scores_cannot_be_changed(session, market):
    made, _ = making.make(session, stocks.get(session, "MSFT"), clock.state(session))
    session.commit()
    for statement in (
        "UPDATE forecast SET last_close = 1",
        "DELETE FROM forecast",
    ):
        with pytest.raises(DatabaseError, match="never changed"):
            session.execute(text(statement))
        session.rollback()
    assert reads.view(session, made).status == "done"


def test_a_stock_may_go_with_its_forecasts(session, market):
    making.make(session, stocks.get(session, "MSFT"), clock.state(session))
    session.execute(text("DELETE FROM stock WHERE symbol = 'MSFT'"))
    assert session.scalar(select(func.count()).select_from(Forecast)) == 0


def test_a_young_stock_is_refused_with_its_reason(session, market):
    state = ahead(session, date(2012, 6, 15))
    made, _ = making.make(session, stocks.get(session, "FB"), state)
    view = reads.view(session, made)
    assert view.refused
    assert view.reason_code == "too-short"
    assert "days of prices and 66 are needed" in view.reason
    assert view.points == ()


def test_a_splits_shares_are_those_of_the_origin(session, market):
    """The stored closes after a split are put back into the origin's shares."""
    state = clock.state(session)
    made, _ = making.make(session, stocks.get(session, "AAPL"), state)
    session.execute(
        text(
            "INSERT INTO corporate_action (stock_id, ex_date, kind, ratio_to, ratio_from, source)"
            " SELECT id, '2009-01-08', 'split', 2, 1, 'test' FROM stock WHERE symbol = 'AAPL'"
        )
    )
    session.flush()
    clock.skip_to(session, date(2009, 1, 15), clock.wall_now())
    maturing.mature(session, clock.state(session))
    raw = session.scalar(
        text(
            "SELECT close FROM bar JOIN stock ON stock.id = stock_id"
            " WHERE symbol = 'AAPL' AND date = '2009-01-12'"
        )
    )
    score = session.scalar(
        select(ForecastScore).where(
            ForecastScore.forecast_id == made, ForecastScore.day == date(2009, 1, 12)
        )
    )
    assert score.actual == pytest.approx(2 * raw)


def test_a_close_that_came_late_does_not_move_the_measure(session, market):
    """A forecast from a stale close is scored against that close, whatever is stored later."""
    stock = stocks.get(session, "AAPL")
    late = text("SELECT close FROM bar WHERE stock_id = :id AND date = '2008-12-31'")
    close = session.scalar(late, {"id": stock.id})
    shift = text("UPDATE bar SET date = date + :by WHERE stock_id = :id AND date = :day")
    session.execute(shift, {"id": stock.id, "by": 20_000, "day": date(2008, 12, 31)})
    made, _ = making.make(session, stock, clock.state(session))
    seen = session.get(Forecast, made)
    assert (seen.origin, seen.recent_days[-1]) == (date(2008, 12, 31), date(2008, 12, 30))
    session.execute(
        shift, {"id": stock.id, "by": -20_000, "day": date(2008, 12, 31) + timedelta(20_000)}
    )
    assert seen.last_close != close
    maturing.mature(session, ahead(session, date(2009, 1, 8)))
    stored = session.scalar(
        text("SELECT close FROM bar WHERE stock_id = :id AND date = '2009-01-02'"),
        {"id": stock.id},
    )
    assert session.get(ForecastScore, (made, 1)).actual == pytest.approx(stored)


def test_roll_back_and_audit(session, market):
    registry.current(session)
    with pytest.raises(Conflict):
        registry.roll_back(session, "nothing before it")
    live = session.scalar(select(ModelVersion).where(ModelVersion.status == "live"))
    model = registry.current(session).live
    second = registry.add(
        session, model, "1.1.0", status="candidate", cut=live.cut, predecessor_id=live.id
    )
    registry.promote(session, second.id, "better")
    assert registry.current(session).live_id == second.id
    assert registry.roll_back(session, "worse after all") == live.id
    assert registry.current(session).live_id == live.id
    assert [e.kind for e in reads.card(session, live.id).events] == ["rolled_back", "installed"]


def test_the_drift_alarm_hands_over_to_garch_and_back(session, market, monkeypatch):
    from stocksite.forecast.service import drifting

    state = clock.state(session)
    assert not drifting.check(session, state).alarm, "nothing has matured"
    monkeypatch.setattr(drifting, "_coverage", lambda session, live: (0.5, 60))
    assert drifting.check(session, state).alarm
    assert "held 50.0 %" in registry.alarmed(session)
    made, _ = making.make(session, stocks.get(session, "AAPL"), state)
    one = session.get(Forecast, made)
    assert one.fallback
    assert one.spreads["model"] == one.spreads["garch"]
    assert reads.view(session, made).model == "GARCH (fallback)"
    live = registry.current(session).live_id
    drifting.check(session, state)
    kinds = [e.kind for e in reads.card(session, live).events]
    assert kinds == ["alarm", "installed"], "a lasting alarm is written down once"
    monkeypatch.setattr(drifting, "_coverage", lambda session, live: (0.8, 60))
    drifting.check(session, state)
    assert registry.alarmed(session) is None


def test_our_own_band_is_watched_while_garch_serves(session, market, monkeypatch):
    """The alarm ends when the model would have kept its promises, not when GARCH did."""
    from stocksite.forecast.service import drifting

    registry.current(session)
    live = registry.current(session).live_id
    registry.note(session, live, "alarm", "test")
    making.make_all(session, clock.state(session))
    session.commit()
    state = ahead(session, date(2009, 1, 5))
    maturing.mature(session, state)
    coverage, origins = drifting._coverage(session, live)
    assert origins == 1
    rows = session.scalars(select(Forecast)).all()
    from stocksite.forecast import keeping

    inside = []
    for row in rows:
        low, high = keeping.own_band80(row.spreads)
        score = session.get(ForecastScore, (row.id, 1))
        inside.append(low <= np.log(score.actual / row.last_close) <= high)
    assert coverage == pytest.approx(np.mean(inside))
