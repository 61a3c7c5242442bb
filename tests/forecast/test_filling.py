"""Forecasts of the past: none of them by a model that had seen its future."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import func, select

from stocksite.forecast import jobs
from stocksite.forecast.models import Forecast, ForecastScore, ModelVersion
from stocksite.forecast.service import board, filling, making, training
from stocksite.market.service import clock


@pytest.mark.slow
def test_the_board_is_filled_up_to_market_time_and_not_twice(session, market):
    state = clock.state(session)
    year = filling.first_year(session, state)
    assert year == 2004
    year = 2006  # two years fewer to train for: the rule is the same
    while year is not None:
        year = filling.fill_year(session, year, state)
    rows = session.execute(
        select(Forecast.origin, Forecast.days, ModelVersion.cut)
        .join(ModelVersion, ModelVersion.id == Forecast.model_version_id)
        .where(Forecast.backfilled.is_(True))
    ).all()
    assert len(rows) > 100
    assert all(row.origin >= row.cut for row in rows), "every model was trained before its origin"
    assert max(row.origin for row in rows) < state.last_complete
    assert filling.first_year(session, state) is None
    session.commit()
    jobs.nightly("2008-12-31")
    scored = session.scalar(select(func.count()).select_from(ForecastScore))
    assert scored == sum(sum(d <= state.last_complete for d in row.days) for row in rows)
    found = board.read(session)
    ours, line = found.of("model"), found.of("regression")
    assert 70 < ours.coverage80_pct.value < 90
    assert ours.coverage80_pct.low < ours.coverage80_pct.value < ours.coverage80_pct.high
    assert ours.vs_last_price.value < 1
    assert ours.error_vs_last_price.value == pytest.approx(1, abs=1e-9)
    assert line.vs_last_price.value > 2, "the straight line is shown, and how it fails"
    assert line.coverage80_pct.value < 60


def test_a_filling_that_was_cut_off_goes_on(session, market, monkeypatch):
    """After the last year that was stored, up to the first forecast made at the time."""
    monkeypatch.setattr(filling, "_models_for", lambda session, *_: filling._shipped(session))
    state = clock.state(session)
    making.make_all(session, state)
    assert filling.fill_year(session, 2006, state) == 2007
    assert filling.first_year(session, state) == 2007
    assert filling.fill_year(session, 2007, state) == 2008
    clock.skip_to(session, date(2010, 6, 1), clock.wall_now())
    state = clock.state(session)
    assert filling.fill_year(session, 2008, state) is None, "from there on forecasts were made"
    assert filling.first_year(session, state) is None
    rows = session.execute(select(Forecast.origin, Forecast.backfilled)).all()
    assert max(r.origin for r in rows if r.backfilled) < min(
        r.origin for r in rows if not r.backfilled
    )


def test_nightly_forecasts_every_stock_and_sets_off_the_monthly_training(session, market):
    jobs.nightly("2008-12-31")
    assert session.scalar(select(func.count()).select_from(Forecast)) == 4, "FB is not listed yet"
    assert jobs.first_of_month(date(2009, 1, 2))
    assert not jobs.first_of_month(date(2009, 1, 5))
    jobs.nightly("2008-12-31")
    assert session.scalar(select(func.count()).select_from(Forecast)) == 4


@pytest.mark.slow
def test_a_candidate_is_judged_on_a_year_it_never_saw(session, market):
    clock.skip_to(session, date(2011, 6, 1), clock.wall_now())
    state = clock.state(session)
    version, judgment = training.retrain(session, state)
    row = session.get(ModelVersion, version)
    assert row.cut < date(2010, 6, 1)
    assert row.metrics["forecasts"] > 100
    assert row.status == ("live" if judgment.accepted else "rejected")
    assert judgment.verdict.startswith("On ")


def test_look_ahead_is_impossible_for_a_service(session, market):
    """Whatever lies after market time may be anything: the forecast is the same."""
    from sqlalchemy import text

    from stocksite.market.service import stocks

    stock = stocks.get(session, "AAPL")
    first, _ = making.make(session, stock, clock.state(session))
    one = session.get(Forecast, first)
    kept = (one.quantiles, one.data_hash, one.spreads)
    session.rollback()
    session.execute(
        text(
            "UPDATE bar SET open = open * 3, high = high * 3, low = low * 3, close = close * 3"
            " WHERE date > '2008-12-31'"
        )
    )
    session.execute(text("DELETE FROM bar WHERE date > '2009-06-01'"))
    session.execute(
        text(
            "UPDATE corporate_action SET amount = amount * 9"
            " WHERE ex_date > '2008-12-31' AND kind = 'dividend'"
        )
    )
    second, _ = making.make(session, stock, clock.state(session))
    two = session.get(Forecast, second)
    assert (two.quantiles, two.data_hash, two.spreads) == kept
