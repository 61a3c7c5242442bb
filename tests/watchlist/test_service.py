"""The watchlist's rules: order, limits, levels, and whose list it is."""

from __future__ import annotations

from decimal import Decimal

import pytest

from stocksite.core.errors import InvalidInput, NotFound, RuleViolation
from stocksite.watchlist import service
from stocksite.watchlist.service import Levels


def symbols(session, actor):
    return [row.symbol for row in service.show(session, actor).rows]


def test_stocks_stand_in_the_order_they_were_added_and_twice_is_once(session, actor):
    for symbol in ("msft", "AAPL", "ibm", "AAPL"):
        service.add(session, actor, symbol)
    assert symbols(session, actor) == ["MSFT", "AAPL", "IBM"]


def test_moving_and_reordering(session, actor):
    for symbol in ("AAPL", "GOOG", "IBM", "MSFT"):
        service.add(session, actor, symbol)
    service.move(session, actor, "MSFT", 0)
    assert symbols(session, actor) == ["MSFT", "AAPL", "GOOG", "IBM"]
    service.move(session, actor, "MSFT", 99)
    assert symbols(session, actor) == ["AAPL", "GOOG", "IBM", "MSFT"]
    service.reorder(session, actor, ["IBM", "goog"])
    assert symbols(session, actor) == ["IBM", "GOOG", "AAPL", "MSFT"]
    assert [row.position for row in service.show(session, actor).rows] == [0, 1, 2, 3]


def test_each_person_has_their_own_list(session, actor, make_user):
    service.add(session, actor, "AAPL")
    stranger = make_user()
    assert symbols(session, stranger) == []
    for act in (service.one, service.remove):
        with pytest.raises(NotFound):
            act(session, stranger, "AAPL")
    assert symbols(session, actor) == ["AAPL"]


def test_levels_are_kept_and_must_make_sense(session, actor):
    service.add(session, actor, "AAPL")
    wanted = Levels("watch it", Decimal("120"), Decimal("80"), Decimal("5"))
    row = service.change(session, actor, "AAPL", wanted)
    assert (row.note, row.above, row.below, row.move_pct) == ("watch it", 120, 80, 5)
    assert str(row.above) == str(service.one(session, actor, "AAPL").above) == "120.000000"
    with pytest.raises(InvalidInput) as refused:
        service.change(session, actor, "AAPL", Levels("", Decimal("70"), Decimal("80")))
    assert refused.value.fields[0].field == "above"


def test_unknown_symbols_and_those_without_prices_say_so(session, actor):
    with pytest.raises(NotFound):
        service.add(session, actor, "ZZZZZ")
    with pytest.raises(InvalidInput):
        service.add(session, actor, "São")
    with pytest.raises(RuleViolation) as refused:
        service.add(session, actor, "NVDA")
    assert refused.value.code == "not-in-sample-market"


def test_a_stock_that_is_not_listed_yet_can_be_watched(session, actor):
    row = service.add(session, actor, "FB")
    assert (row.quote.price, row.quote.listed) == (None, False)


def test_a_full_list_says_how_many_fit(session, actor, monkeypatch):
    monkeypatch.setattr(service, "MAX_ITEMS", 2)
    service.add(session, actor, "AAPL")
    service.add(session, actor, "IBM")
    with pytest.raises(RuleViolation) as refused:
        service.add(session, actor, "MSFT")
    assert "holds 2 stocks" in refused.value.detail


def test_a_list_of_any_size_takes_two_statements(session, actor, engine):
    from sqlalchemy import event

    for symbol in ("AAPL", "GOOG", "IBM", "MSFT"):
        service.add(session, actor, symbol)
    session.commit()
    from stocksite.market.service import clock

    state = clock.state(session)
    seen: list[str] = []

    def note(conn, cursor, statement, *rest):
        seen.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        rows = service.show(session, actor, state).rows
    finally:
        event.remove(engine, "before_cursor_execute", note)
    assert len(rows) == 4
    assert len(seen) == 2
    assert all(len(row.closes) == 30 for row in rows)
