"""Reports: built from the rooms, stored once, printed by a job, on schedule, for their owner."""

from __future__ import annotations

import os
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from stocksite.backtest.ask import read_ask
from stocksite.backtest.service import runs
from stocksite.core.actor import Actor
from stocksite.core.clock import wall_now
from stocksite.core.errors import InvalidInput, NotFound, RuleViolation
from stocksite.portfolios.periods import Span
from stocksite.portfolios.service import books, figures
from stocksite.reports import native, plain
from stocksite.reports.models import Report, ReportSchedule
from stocksite.reports.reading import Wish
from stocksite.reports.service import making, reads, scheduling, sharing
from tests.reports.files import opened, text_of

pytestmark = pytest.mark.skipif(bool(native.missing()), reason="Pango is not installed here")


def _keep(name: str, pdf: bytes) -> None:
    """Leave the PDF where a person can look at it, when asked to."""
    if folder := os.environ.get("KEEP_REPORTS"):
        with open(f"{folder}/{name}.pdf", "wb") as out:
            out.write(pdf)


def _made(session: Session, actor: Actor, work: Any, wish: Wish) -> tuple[Any, bytes]:
    view, new = making.make(session, actor, wish, wall_now())
    assert new
    assert view.line.pdf_status == "queued"
    (job,) = work()
    assert job.status == "done", job.message
    assert job.result_url == f"/reporting/{view.line.id}"
    found = reads.view(session, actor, view.line.id)
    assert found.line.pdf_status == "done", found.line.pdf_error
    pdf = reads.pdf(session, found)
    assert len(pdf) == found.line.pdf_bytes
    assert len(opened(pdf).pages) == found.line.pages
    _keep(wish.kind, pdf)
    return found, pdf


def _backtest(session: Session, actor: Actor) -> int:
    ask = {"strategy": "sma_cross", "symbols": ["AAPL"], "parameters": {"fast": 20, "slow": 50}}
    ask |= {"start": "2003-01-02", "end": "2008-12-31"}
    made = runs.make(session, actor, read_ask(ask)).id
    session.commit()
    return made


def test_a_portfolio_report_has_the_figures_of_the_performance_page(
    session: Session, actor: Actor, lived: Any, work: Any
) -> None:
    book = lived()
    found, pdf = _made(session, actor, work, Wish("portfolio", book.id))
    report = plain.read(found.content)
    view = figures.report(session, figures.head(session, actor, book.id), Span()).view
    told = report.figures
    assert Decimal(str(told["profit"].value)) == view.profit
    assert told["twr_pct"].value == round(view.twr_pct or 0, 2) + 0.0
    assert told["benchmark_return_pct"].value == round(view.benchmark_return_pct or 0, 2)
    held = next(table for table in report.tables if table.key == "holdings")
    assert {row[0] for row in held.rows} == {"AAPL", "IBM"}
    for row in held.rows:
        shares, close, value = (Decimal(str(row[i])) for i in (3, 4, 5))
        assert abs(shares * close - value) <= Decimal("0.01")
    trades = next(table for table in report.tables if table.key == "trades")
    assert [row[1] for row in trades.rows].count("buy") == 4
    words = text_of(pdf)
    for figure in told.values():
        assert figure.text in words, figure


def test_a_stock_report(
    session: Session, actor: Actor, market: Any, forecasted: int, work: Any
) -> None:
    found, pdf = _made(session, actor, work, Wish("stock", symbol="AAPL"))
    report = plain.read(found.content)
    assert report.facts["through"] == "2008-12-31"
    assert report.facts["forecast"] == forecasted
    assert report.figures["close"].text in text_of(pdf)


def test_a_stock_report_never_looks_ahead(session: Session, actor: Actor, market: Any) -> None:
    market.open_next()
    view, _ = making.make(session, actor, Wish("stock", symbol="IBM"), wall_now(), pdf=False)
    assert "2009-01-02" not in view.content, "the running session is not in a report"


def test_sources_tell_of_no_day_the_market_has_not_reached(
    session: Session, actor: Actor, market: Any
) -> None:
    """A portfolio without a close has no last day of its own; its benchmark has a future."""
    book = books.open_portfolio(session, actor, books.BookSettings(name="New", benchmark="MSFT"))
    view, _ = making.make(session, actor, Wish("portfolio", book.id), wall_now(), pdf=False)
    (table,) = [t for t in plain.read(view.content).tables if t.key == "sources"]
    assert [row[0] for row in table.rows] == ["MSFT"]
    assert [row[3] for row in table.rows] == ["2008-12-31"]


def test_a_backtest_report(session: Session, actor: Actor, work: Any) -> None:
    run_id = _backtest(session, actor)
    found, pdf = _made(session, actor, work, Wish("backtest", run_id))
    run = runs.view(session, actor, run_id)
    assert run.result is not None
    assert run.verdict is not None, "a report judges what nobody has judged"
    report = plain.read(found.content)
    final = run.result["metrics"]["final_value"]
    assert report.figures["final_value"].value == pytest.approx(final, abs=0.005)
    assert report.figures["final_value"].text in text_of(pdf)


def test_a_forecast_report(
    session: Session, actor: Actor, forecasted: int, market: Any, work: Any
) -> None:
    found, pdf = _made(session, actor, work, Wish("forecast", forecasted))
    report = plain.read(found.content)
    days = next(table for table in report.tables if table.key == "predicted")
    assert len(days.rows) == 30
    assert str(report.facts["model"]) in text_of(pdf)


def test_the_same_inputs_are_the_same_report(
    session: Session, actor: Actor, lived: Any, market: Any, work: Any
) -> None:
    book = lived()
    first, new = making.make(session, actor, Wish("portfolio", book.id), wall_now())
    again, anew = making.make(session, actor, Wish("portfolio", book.id), wall_now())
    assert (new, anew) == (True, False)
    assert again.line.id == first.line.id
    assert len(work()) == 1, "and is printed once"
    printed, _ = making.make(session, actor, Wish("portfolio", book.id), wall_now())
    assert printed.line.pdf_status == "done"
    assert work() == []


def test_what_is_not_yours_is_not_there(
    session: Session, actor: Actor, make_user: Any, lived: Any
) -> None:
    book, stranger = lived(), make_user()
    run_id = _backtest(session, actor)
    view, _ = making.make(session, actor, Wish("portfolio", book.id), wall_now(), pdf=False)
    for wish in (Wish("portfolio", book.id), Wish("backtest", run_id)):
        with pytest.raises(NotFound):
            making.make(session, stranger, wish, wall_now())
    for refused in (reads.view, reads.delete_one, sharing.revoke):
        with pytest.raises(NotFound):
            refused(session, stranger, view.line.id)
    with pytest.raises(NotFound):
        sharing.share(session, stranger, view.line.id, wall_now())
    with pytest.raises(NotFound):
        scheduling.schedule(session, stranger, Wish("portfolio", book.id), "weekly", wall_now())


def test_a_link_shows_the_report_until_it_is_revoked(
    session: Session, actor: Actor, lived: Any
) -> None:
    book = lived()
    view, _ = making.make(session, actor, Wish("portfolio", book.id), wall_now(), pdf=False)
    shared = sharing.share(session, actor, view.line.id, wall_now())
    token = shared.share_token
    assert token is not None
    assert len(token) == 43
    assert sharing.share(session, actor, view.line.id, wall_now()).share_token == token
    assert reads.shared(session, token).content == view.content
    assert actor.username not in view.content, "a shared report does not say whose it is"
    sharing.revoke(session, actor, view.line.id)
    with pytest.raises(NotFound):
        reads.shared(session, token)
    other = sharing.share(session, actor, view.line.id, wall_now()).share_token
    assert other != token


def test_there_is_room_for_so_many_reports(
    session: Session, actor: Actor, market: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr(making, "MAX_REPORTS", 1)
    making.make(session, actor, Wish("stock", symbol="AAPL"), wall_now(), pdf=False)
    making.make(session, actor, Wish("stock", symbol="AAPL"), wall_now(), pdf=False)
    with pytest.raises(RuleViolation, match="You keep 1 reports"):
        making.make(session, actor, Wish("stock", symbol="IBM"), wall_now(), pdf=False)


def test_reports_go_with_the_account(session: Session, actor: Actor, market: Any) -> None:
    making.make(session, actor, Wish("stock", symbol="AAPL"), wall_now(), pdf=False)
    scheduling.schedule(session, actor, Wish("stock", symbol="AAPL"), "weekly", wall_now())
    reads.forget(session, actor)
    assert session.scalars(select(Report)).all() == []
    assert session.scalars(select(ReportSchedule)).all() == []


@pytest.mark.parametrize(
    ("kind", "number", "symbol", "field"),
    [
        ("novel", 1, None, "kind"),
        ("stock", None, None, "symbol"),
        ("stock", 1, "AAPL", "id"),
        ("portfolio", None, None, "id"),
        ("forecast", 1, "AAPL", "symbol"),
        ("stock", None, "not a symbol", "symbol"),
    ],
)
def test_a_wish_names_one_thing(
    kind: str, number: int | None, symbol: str | None, field: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        Wish.of(kind, number, symbol, Span())
    assert refused.value.fields[0].field == field
