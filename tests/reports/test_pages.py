"""Pages, files and JSON routes: what the owner sees, what a link shows, what nobody else gets."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from stocksite.core.actor import Actor
from stocksite.core.clock import wall_now
from stocksite.forecast.service import making as forecasting
from stocksite.market.service import clock, stocks
from stocksite.reports import native, plain
from stocksite.reports.models import Report, ReportSchedule
from stocksite.reports.reading import ReportView, Wish
from stocksite.reports.service import making, reads, sharing
from tests.conftest import csrf_token

NAME = '<script>alert("x")</script> & =cmd'


@pytest.fixture
def made(session: Session, actor: Actor, lived: Any) -> ReportView:
    """A report on a portfolio with a hostile name; its PDF is not ordered."""
    book = lived(NAME, description='<img src="file:///etc/passwd">')
    view, _ = making.make(session, actor, Wish("portfolio", book.id), wall_now(), pdf=False)
    session.commit()
    return view


def _post(browser: FlaskClient, path: str, **data: str) -> Any:
    token = csrf_token(browser, "/reporting/")
    return browser.post(path, data={**data, "csrf_token": token})


def test_the_page_has_every_figure_of_the_json(browser: FlaskClient, made: ReportView) -> None:
    page = browser.get(f"/reporting/{made.line.id}").get_data(as_text=True)
    told = browser.get(f"/reporting/{made.line.id}/report.json")
    assert plain.digest(told.get_data(as_text=True)) == made.line.digest
    report = plain.read(told.get_data(as_text=True))
    assert len(report.figures) >= 24
    for figure in report.figures.values():
        assert f">{figure.text}<" in page, figure
    assert "<script>alert" not in page
    assert '<img src="file' not in page
    assert "&lt;script&gt;alert" in page


def test_a_table_is_a_file_without_formulas(browser: FlaskClient, made: ReportView) -> None:
    answer = browser.get(f"/reporting/{made.line.id}/trades.csv")
    assert answer.mimetype == "text/csv"
    assert "buy,AAPL" in answer.get_data(as_text=True)
    assert browser.get(f"/reporting/{made.line.id}/nothing.csv").status_code == 404


def test_making_one_from_the_form(
    browser: FlaskClient, session: Session, lived: Any, work: Any
) -> None:
    book = lived("Plain")
    form = browser.get(f"/reporting/new?kind=portfolio&id={book.id}&period=1m")
    assert 'value="1m"' in form.get_data(as_text=True)
    data = {"id": str(book.id), "period": "all", "from": "", "to": "", "repeat": "monthly"}
    answer = _post(browser, "/reporting/new?kind=portfolio", **data)
    assert answer.status_code == 303
    (row,) = session.scalars(select(Report)).all()
    assert answer.headers["Location"].endswith(f"/reporting/{row.id}")
    assert session.scalars(select(ReportSchedule.every)).all() == ["monthly"]
    page = browser.get(f"/reporting/{row.id}").get_data(as_text=True)
    assert "The PDF is being made" in page
    if native.missing():
        return
    work()
    assert "PDF, " in browser.get(f"/reporting/{row.id}").get_data(as_text=True)
    answer = browser.get(f"/reporting/{row.id}/report.pdf")
    assert answer.data.startswith(b"%PDF-1.7")
    assert answer.headers["Content-Disposition"].startswith('inline; filename="portfolio-plain-')
    listed = browser.get("/reporting/").get_data(as_text=True)
    assert "Plain" in listed
    assert "After each month" in listed


@pytest.mark.parametrize(
    ("path", "data", "words"),
    [
        ("kind=stock", {"symbol": ""}, "Say which stock"),
        ("kind=stock", {"symbol": "ZZZZQ"}, "No stock has the symbol"),
        ("kind=portfolio", {"id": "999", "period": "all"}, "Not a valid choice"),
        ("kind=stock", {"symbol": "AAPL", "repeat": "hourly"}, "Not a valid choice"),
    ],
)
def test_a_form_that_cannot_be_read_says_why(
    browser: FlaskClient, lived: Any, path: str, data: dict[str, str], words: str
) -> None:
    lived()
    answer = _post(browser, f"/reporting/new?{path}", **data)
    assert answer.status_code == 422
    assert words in answer.get_data(as_text=True)


def test_a_forecast_of_another_night_can_be_reported_on(
    browser: FlaskClient, session: Session, forecasted: int, market: Any
) -> None:
    """Its link is not among tonight's choices; the form keeps it all the same."""
    market.run_session()
    market.until("closed")
    later = forecasting.make(session, stocks.get(session, "AAPL"), clock.state(session))[0]
    session.commit()
    assert later != forecasted
    form = browser.get(f"/reporting/new?kind=forecast&id={forecasted}").get_data(as_text=True)
    assert f'value="{forecasted}"' in form
    answer = _post(browser, "/reporting/new?kind=forecast", id=str(forecasted))
    assert answer.status_code == 303, answer.get_data(as_text=True)[-400:]
    (row,) = session.scalars(select(Report)).all()
    assert row.subject == f"forecast:{forecasted}"


def test_days_that_run_backwards_say_so(browser: FlaskClient, lived: Any) -> None:
    book = lived()
    data = {"id": str(book.id), "period": "all", "from": "2009-02-02", "to": "2009-01-02"}
    answer = _post(browser, "/reporting/new?kind=portfolio", **data)
    assert answer.status_code == 422
    assert "does not lie before" in answer.get_data(as_text=True)


def test_nobody_elses_report_is_there(
    login: Any, make_user: Any, client: FlaskClient, made: ReportView
) -> None:
    stranger = login(make_user())
    for path in ("", "/report.pdf", "/report.json", "/trades.csv", "/live", "/delete"):
        address = f"/reporting/{made.line.id}{path}"
        assert stranger.get(address).status_code == 404, path
        assert client.get(address).status_code == 303, path
    for path in ("print", "share", "revoke", "delete"):
        assert _post(stranger, f"/reporting/{made.line.id}/{path}").status_code == 404


def test_a_link_shows_one_report_and_leaks_nothing(
    browser: FlaskClient, client: FlaskClient, actor: Actor, made: ReportView, session: Session
) -> None:
    _post(browser, f"/reporting/{made.line.id}/share")
    token = session.scalar(select(Report.share_token))
    address = f"/shared/{token}"
    answer = client.get(address)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 200
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "noindex" in answer.headers["X-Robots-Tag"]
    assert "no-store" in answer.headers["Cache-Control"]
    assert actor.username not in page
    assert f"/reporting/{made.line.id}" not in page
    assert f"/portfolios/{plain.read(made.content).facts['portfolio']}" not in page
    assert client.get(f"{address}/report.json").get_data(as_text=True) == made.content
    assert client.get(f"{address}/holdings.csv").status_code == 200
    assert client.get(f"{address}/report.pdf").status_code == 409, "nobody has ordered it"
    _post(browser, f"/reporting/{made.line.id}/revoke")
    for path in ("", "/report.json", "/report.pdf", "/holdings.csv"):
        assert client.get(address + path).status_code == 404
    assert client.get("/shared/" + "a" * 43).status_code == 404
    assert client.get("/shared/short").status_code == 404


def test_pages_take_few_statements(browser: FlaskClient, made: ReportView, count_sql: Any) -> None:
    for path in ("/reporting/", f"/reporting/{made.line.id}", "/reporting/new?kind=portfolio"):
        browser.get(path)
        with count_sql() as statements:
            assert browser.get(path).status_code == 200
        assert len(statements) <= 6, (path, statements)


def test_deleting_takes_everything(
    browser: FlaskClient, made: ReportView, session: Session
) -> None:
    assert "Delete it" in browser.get(f"/reporting/{made.line.id}/delete").get_data(as_text=True)
    assert _post(browser, f"/reporting/{made.line.id}/delete").status_code == 303
    assert browser.get(f"/reporting/{made.line.id}").status_code == 404
    assert session.scalars(select(Report.id)).all() == []


def test_the_empty_page_offers_the_first_step(browser: FlaskClient) -> None:
    page = browser.get("/reporting/").get_data(as_text=True)
    assert "No report yet" in page
    assert "/reporting/new" in page


def test_without_pango_the_page_says_what_to_install(
    browser: FlaskClient, monkeypatch: Any
) -> None:
    monkeypatch.setattr(native, "missing", lambda: ("Pango", "HarfBuzz"))
    page = browser.get("/reporting/").get_data(as_text=True)
    assert "Pango, HarfBuzz are not installed" in page
    assert "apt install libpango-1.0-0" in page


def test_a_revoked_link_cannot_be_told_from_one_that_never_was(
    client: FlaskClient, session: Session, actor: Actor, made: ReportView
) -> None:
    shared = sharing.share(session, actor, made.line.id, wall_now())
    sharing.revoke(session, actor, made.line.id)
    session.commit()
    gone = client.get(f"/shared/{shared.share_token}", headers={"Accept": "application/json"})
    never = client.get("/shared/" + "b" * 43, headers={"Accept": "application/json"})
    assert gone.status_code == never.status_code == 404
    assert reads.REVOKED in never.get_data(as_text=True)
    assert reads.REVOKED in gone.get_data(as_text=True)
