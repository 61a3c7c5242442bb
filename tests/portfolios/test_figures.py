"""Figures over spans: where a span begins, what adds up, what is refused, what is explained."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import insert, select, text

from stocksite.core.errors import InvalidInput, NotFound
from stocksite.market.models import Bar, Stock
from stocksite.portfolios import performance as rules
from stocksite.portfolios.figures import FIGURES
from stocksite.portfolios.periods import Span, months_before
from stocksite.portfolios.service import figures, leaderboard
from tests.portfolios.days import post
from tests.portfolios.histories import make

D = Decimal


def report(session, actor, book, span="all", **days):
    of = figures.head(session, actor, book.id)
    return figures.report(session, of, Span.of(span, **days), explain=True)


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        ("2009-03-31", 1, "2009-02-28"),
        ("2008-03-31", 1, "2008-02-29"),
        ("2008-02-29", 12, "2007-02-28"),
        ("2009-01-15", 3, "2008-10-15"),
        ("2009-05-31", 3, "2009-02-28"),
    ],
)
def test_months_before_end_on_the_last_day_there_is(day, months, expected):
    assert months_before(date.fromisoformat(day), months) == date.fromisoformat(expected)


@pytest.mark.parametrize(
    ("period", "base"),
    [
        ("1w", "2008-12-24"),
        ("1m", "2008-11-28"),
        ("3m", "2008-09-30"),
        ("ytd", "2007-12-31"),
        ("1y", "2007-12-31"),
    ],
)
def test_a_span_runs_from_the_last_close_on_or_before_its_base(session, actor, period, base):
    book = make(session, actor.user_id, 1, sessions=400)
    view = report(session, actor, book, period).view
    assert (view.start, view.end) == (date.fromisoformat(base), date(2008, 12, 31))
    assert not view.since_start
    assert len(view.explain.daily) == view.sessions


def test_across_a_leap_day_a_half_day_and_a_change_of_clocks(session, actor):
    book = make(session, actor.user_id, 2, sessions=260, until="2008-12-31")
    leap = report(session, actor, book, start=date(2008, 2, 28), end=date(2008, 2, 29)).view
    assert (leap.sessions, leap.calendar_days) == (1, 1)
    half = report(session, actor, book, start=date(2008, 11, 27), end=date(2008, 11, 28)).view
    assert (half.start, half.end, half.sessions) == (date(2008, 11, 26), date(2008, 11, 28), 1)
    clocks = report(session, actor, book, start=date(2008, 3, 7), end=date(2008, 3, 10)).view
    assert (clocks.start, clocks.end, clocks.sessions) == (date(2008, 3, 7), date(2008, 3, 10), 1)


def test_a_span_longer_than_the_history_is_the_whole_history(session, actor):
    book = make(session, actor.user_id, 3, sessions=22)
    year, everything = (report(session, actor, book, p).view for p in ("1y", "all"))
    assert year.since_start
    assert (year.twr_pct, year.start) == (everything.twr_pct, everything.start)


def test_the_figures_are_those_of_the_rules(session, actor):
    book = make(session, actor.user_id, 4, sessions=400, benchmark="IBM")
    found = report(session, actor, book, "1y")
    view, daily = found.view, found.view.explain.daily
    series = [row.return_pct / 100 for row in daily]
    against = [row.benchmark_return_pct / 100 for row in daily]
    expected = {
        "twr_pct": rules.twr(series) * 100,
        "volatility_pct": rules.volatility(series) * 100,
        "sharpe": rules.sharpe(series),
        "sortino": rules.sortino(series),
        "calmar": rules.calmar(series),
        "max_drawdown_pct": rules.max_drawdown(rules.twr_index(series)).depth * 100,
        "benchmark_return_pct": rules.twr(against) * 100,
        "alpha_pct": rules.alpha(series, against) * 100,
        "beta": rules.beta(series, against),
    }
    for key, value in expected.items():
        assert getattr(view, key) == pytest.approx(value, abs=1e-9), key
    assert view.tracking_difference_pct == pytest.approx(
        view.twr_pct - view.benchmark_return_pct, abs=1e-9
    )


def test_the_benchmark_is_the_stocks_total_return(session, actor):
    book = make(session, actor.user_id, 5, sessions=1200, benchmark="MSFT")
    day = next(
        row
        for row in report(session, actor, book).view.explain.daily
        if row.date == date(2004, 11, 15)
    )
    before, close = session.scalars(
        text(
            "SELECT close FROM bar JOIN stock ON stock.id = stock_id WHERE symbol = 'MSFT'"
            " AND date IN ('2004-11-12', '2004-11-15') ORDER BY date"
        )
    ).all()
    assert day.benchmark_return_pct == pytest.approx(((close + 3.08) / before - 1) * 100)


def test_a_benchmark_that_began_later_says_so(session, actor):
    book = make(session, actor.user_id, 6, sessions=22, benchmark="FB")
    view = report(session, actor, book).view
    assert (view.benchmark, view.benchmark_return_pct, view.beta) == ("FB", None, None)
    assert "has prices from 2012-05-18 on" in view.notes["beta"]


def test_profit_is_what_it_is_made_of_in_every_span(session, actor):
    book = make(session, actor.user_id, 7, sessions=400)
    for period in ("1w", "1m", "3m", "ytd", "1y", "all"):
        view = report(session, actor, book, period).view
        assert view.profit == view.closing_value - view.opening_value - view.net_flow
        parts = view.realized_pnl + view.unrealized_pnl + view.income - view.fees
        assert view.profit == parts


def test_every_figure_is_explained_and_every_missing_one_has_a_reason(session, actor):
    for seed, sessions in ((8, 1), (9, 2), (10, 22), (11, 400)):
        book = make(session, actor.user_id, seed, sessions=sessions, benchmark=None)
        view = report(session, actor, book).view
        for figure in FIGURES:
            told = view.explain.figures[figure.key]
            assert told.formula
            assert told.convention
            if getattr(view, figure.key) is None:
                assert view.notes[figure.key], (figure.key, sessions)


def test_a_deposit_moves_no_time_weighted_figure(session, actor, days, open_book, trade):
    from stocksite.portfolios.entries import TransactionType
    from stocksite.portfolios.service import cash

    market = days("2009-01-02")
    still, fed = open_book("Still", "50000"), open_book("Fed", "50000")
    market.open()
    for book in (still, fed):
        trade(book, "buy", "IBM", "500")
    market.close()
    cash.move(session, actor, fed.id, TransactionType.DEPOSIT, D("7000000"))
    trade(fed, "buy", "IBM", "40000")
    session.commit()
    for _ in range(2):
        market.close()
    views = [report(session, actor, book).view for book in (still, fed)]
    assert views[1].net_flow == D("7050000.00")
    assert all(abs(view.twr_pct) < 10 for view in views), "not 14,000 %"


def test_contributions_add_up_to_the_profit_across_a_split_and_a_dividend(
    session, actor, days, made, open_book
):
    made.split("IBM", "2009-01-06", 2, 1)
    made.dividend("IBM", "2009-01-07", "0.40")
    made.dividend("MSFT", "2009-01-07", "0.10", "2009-01-20")
    market = days("2009-01-02")
    book = open_book(cash="50000")
    at = market.open("2009-01-02").at
    post(session, book, "buy", "IBM", "101.5", "84.20", at, "3")
    post(session, book, "buy", "MSFT", "300", "19.53", at, "3")
    market.open("2009-01-08")
    post(session, book, "sell", "IBM", "50", "43.10", market.state.at, "3")
    market.close()
    for days_of in ({}, {"start": date(2009, 1, 5)}, {"start": date(2009, 1, 6)}):
        view = report(session, actor, book, None, **days_of).view
        assert sum(row.profit for row in view.contributions) == view.profit != 0
        parts = sum(row.contribution_pct for row in view.contributions)
        assert parts == pytest.approx(view.modified_dietz_pct, abs=1e-9)
        whole = sum(part.value for part in view.composition.stocks)
        assert whole == view.closing_value
        assert sum(p.value for p in view.composition.sectors) == view.closing_value
        assert sum(p.weight_pct for p in view.composition.stocks) == pytest.approx(100)
    owed = {part.label: part.value for part in view.composition.stocks}["Dividends due"]
    assert owed == D("30.00")
    assert {r.symbol: r.dividends for r in view.contributions} == {"IBM": D("81.20"), "MSFT": 30}


@pytest.fixture
def no_bar(session):
    """Take a day's bar of a stock away until the test is over."""
    taken = []

    def take(symbol, day):
        bar = session.scalar(
            select(Bar)
            .join(Stock)
            .where(Stock.symbol == symbol, Bar.date == date.fromisoformat(day))
        )
        taken.append({c.key: getattr(bar, c.key) for c in Bar.__table__.columns})
        session.delete(bar)
        session.commit()

    yield take
    session.rollback()
    session.execute(insert(Bar), taken)
    session.commit()


def test_a_split_on_a_day_without_trade_is_no_jump(session, actor, days, made, no_bar, open_book):
    made.split("IBM", "2009-01-06", 2, 1)
    no_bar("IBM", "2009-01-06")
    market = days("2009-01-02")
    book = open_book(cash="50000")
    at = market.open("2009-01-02").at
    post(session, book, "buy", "IBM", "100", "84.20", at)
    market.open("2009-01-06")
    market.close()
    before, after = list(market.snapshots(book.id).values())[-2:]
    assert after.total_value == before.total_value
    for days_of in ({}, {"start": date(2009, 1, 5)}):
        view = report(session, actor, book, None, **days_of).view
        assert sum(row.profit for row in view.contributions) == view.profit
        assert sum(part.value for part in view.composition.stocks) == view.closing_value


def test_strangers_and_nonsense(session, actor, make_user):
    book = make(session, actor.user_id, 12)
    with pytest.raises(NotFound):
        figures.head(session, make_user(), book.id)
    with pytest.raises(NotFound):
        figures.heads(session, make_user(), [book.id])
    with pytest.raises(InvalidInput):
        figures.heads(session, actor, [])
    with pytest.raises(InvalidInput):
        figures.heads(session, actor, [book.id] * 7)
    with pytest.raises(InvalidInput):
        Span.of("5y")
    with pytest.raises(InvalidInput):
        Span.of(None, date(2009, 1, 2), date(2009, 1, 2))


def test_before_the_first_close_there_is_nothing_to_measure(session, actor, market, open_book):
    view = report(session, actor, open_book()).view
    assert (view.end, view.sessions) == (None, 0)
    for figure in FIGURES:  # unknown is not 0, of money neither
        assert getattr(view, figure.key) is None, figure.key
        assert view.notes[figure.key]


def test_the_leaderboard_ranks_by_return_shows_drawdown_and_hides_the_rest(
    session, actor, make_user, market
):
    other = make_user("other")
    mine = [make(session, actor.user_id, n, sessions=300, public=True) for n in (20, 21)]
    hers = make(session, other.user_id, 22, sessions=30, public=True)
    make(session, other.user_id, 23, sessions=300)
    session.commit()
    from stocksite.core.paging import PageRequest

    state, first = market.state, PageRequest()
    rows = leaderboard.ranked(session, actor, state, Span.of("all"), first).results
    assert [row.rank for row in rows] == [1, 2, 3]
    assert [row.twr_pct for row in rows] == sorted((r.twr_pct for r in rows), reverse=True)
    for row in rows:
        book = next(b for b in (*mine, hers) if b.name == row.portfolio_name)
        owner = actor if row.mine else other
        view = report(session, owner, book).view
        assert row.username == owner.username
        assert row.twr_pct == pytest.approx(view.twr_pct, abs=1e-9)
        assert row.max_drawdown_pct == pytest.approx(view.max_drawdown_pct, abs=1e-9)
        assert (row.since, row.sessions) == (view.start, view.sessions)
    year = leaderboard.ranked(session, actor, state, Span.of("1y"), first)
    assert {row.portfolio_name for row in year.results} == {b.name for b in mine}
    for row in year.results:
        book = next(b for b in mine if b.name == row.portfolio_name)
        view = report(session, actor, book, "1y").view
        assert row.twr_pct == pytest.approx(view.twr_pct, abs=1e-9)
        assert row.max_drawdown_pct == pytest.approx(view.max_drawdown_pct, abs=1e-9)
    past = Span.of(None, date(2008, 3, 31), date(2008, 6, 30))
    for row in leaderboard.ranked(session, actor, state, past, first).results:
        book = next(b for b in mine if b.name == row.portfolio_name)
        view = figures.report(session, figures.head(session, actor, book.id), past).view
        assert row.twr_pct == pytest.approx(view.twr_pct, abs=1e-9)
        assert row.max_drawdown_pct == pytest.approx(view.max_drawdown_pct, abs=1e-9)
        assert (row.since, row.sessions) == (view.start, view.sessions)
    second = leaderboard.ranked(session, actor, state, Span.of("all"), PageRequest(2, 2))
    assert (second.count, [row.rank for row in second.results]) == (3, [3])
