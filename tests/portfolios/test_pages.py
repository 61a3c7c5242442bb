"""The pages of portfolios: what they say, what a browser and htmx get, who may see them."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest

from stocksite.auth.service import accounts
from stocksite.core.clock import wall_now
from stocksite.market.service import quotes
from stocksite.portfolios.models import Order, Portfolio, Position, Transaction
from stocksite.portfolios.service import books
from tests.portfolios.desk import words

D = Decimal

PAGES = (
    "/portfolios/",
    "/portfolios/new",
    "/portfolios/{id}",
    "/portfolios/{id}/live",
    "/portfolios/{id}/curve",
    "/portfolios/{id}/transactions",
    "/portfolios/{id}/transactions?type=buy&symbol=aapl&from=2009-01-01&to=2009-12-31",
    "/portfolios/{id}/orders",
    "/portfolios/{id}/orders?status=open",
    "/portfolios/{id}/orders/{order}",
    "/portfolios/{id}/snapshots",
    "/portfolios/{id}/cash",
    "/portfolios/{id}/edit",
    "/portfolios/{id}/delete",
    "/portfolios/{id}/verify",
    "/trade",
    "/trade?portfolio={id}&symbol=AAPL&side=sell&quantity=1",
    "/trade/preview?portfolio={id}&symbol=AAPL&side=buy&mode=quantity&quantity=1",
)


# --- every page ---------------------------------------------------------------------------------


@pytest.mark.parametrize("path", PAGES)
def test_six_statements_at_most(path, desk, lived, count_sql):
    book, waiting = lived
    address = path.format(id=book.id, order=waiting.id)
    desk.get(address)
    with count_sql() as statements:
        answer = desk.get(address)
    assert answer.status_code == 200
    asked = [s for s in statements if not s.startswith(("UPDATE user_session", "SAVEPOINT"))]
    assert len(asked) <= 6, "\n".join(asked)


@pytest.mark.parametrize("path", [p for p in PAGES if "{id}" in p])
def test_a_stranger_finds_nothing(path, desk, stranger_desk, lived):
    book, waiting = lived
    address = path.format(id=book.id, order=waiting.id)
    assert desk.get(address).status_code == 200
    assert stranger_desk.get(address).status_code == 404
    assert stranger_desk.part(address).status_code == 404


@pytest.mark.parametrize("path", PAGES)
def test_nobody_is_sent_to_the_login(path, client, lived):
    book, waiting = lived
    answer = client.get(path.format(id=book.id, order=waiting.id))
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("/login")


@pytest.mark.parametrize("path", ["edit", "delete", "cash", "orders/{order}/cancel"])
def test_a_stranger_changes_nothing(path, desk, stranger_desk, lived, session):
    book, waiting = lived
    before = session.get(Portfolio, book.id)
    seen = (before.cash, before.name, before.archived_at, before.reserved)
    form = {"name": "Mine", "confirm": "Lived in", "type": "withdrawal", "amount": "5"}
    form |= {"execution": "instant", "commission_pct": "0", "commission_per_trade": "0"}
    address = f"/portfolios/{book.id}/" + path.format(order=waiting.id)
    assert stranger_desk.post(address, form).status_code == 404
    session.expire_all()
    after = session.get(Portfolio, book.id)
    assert (after.cash, after.name, after.archived_at, after.reserved) == seen
    assert session.get(Order, waiting.id).status == "accepted"


def test_a_post_without_its_token_is_refused(desk, lived, session):
    book, _ = lived
    answer = desk.browser.post(
        f"/portfolios/{book.id}/cash", data={"type": "deposit", "amount": "5"}
    )
    assert answer.status_code in (400, 403)
    assert session.get(Portfolio, book.id).net_deposits == D("25000.00")


# --- what they say ------------------------------------------------------------------------------


def test_every_account_starts_with_a_portfolio(session, client):
    actor = accounts.register(
        session,
        username="newcomer",
        email="new@example.com",
        password="correct horse battery",
        now=wall_now(),
    )
    book = books.default_of(session, actor)
    assert (book.is_default, book.cash, book.starting_cash) == (True, D("100000"), D("100000"))


def test_the_list_adds_up(desk, lived, open_book):
    open_book("Second", "1000.00")
    said = words(desk.get("/portfolios/"))
    assert "Lived in" in said
    assert "Second" in said
    assert "All portfolios together" in said


def test_nothing_at_all_leads_to_opening_one(desk):
    answer = desk.get("/portfolios/")
    assert "No portfolio yet" in words(answer)
    assert '/portfolios/new"' in answer.get_data(as_text=True)
    assert "You have no portfolio yet" in words(desk.get("/trade"))


def test_an_empty_portfolio_leads_to_the_first_trade(desk, open_book):
    book = open_book("Empty", "0")
    said = words(desk.get(f"/portfolios/{book.id}"))
    assert "You own nothing here yet" in said
    assert "Buy your first shares" in said
    assert "No daily value yet" in desk.get(f"/portfolios/{book.id}").get_data(as_text=True)
    assert "nothing to divide yet" in said
    assert "No transaction yet" in words(desk.get(f"/portfolios/{book.id}/transactions"))
    assert "No order yet" in words(desk.get(f"/portfolios/{book.id}/orders"))
    assert "No daily value yet" in words(desk.get(f"/portfolios/{book.id}/snapshots"))


def test_the_overview_tells_what_is_owned(desk, lived, session):
    book, waiting = lived
    said = words(desk.get(f"/portfolios/{book.id}"))
    price = quotes.of(session, "AAPL").price
    assert f"{price * 10:,.2f}" in said
    assert "Waits for the open" in said
    assert "Starting cash" in said
    assert f"{waiting.reserved:,.2f} held by orders" in said


def test_positions_are_sorted_by_the_address(desk, lived):
    book, _ = lived

    def order_of(sort: str) -> list[str]:
        page = desk.get(f"/portfolios/{book.id}?sort={sort}").get_data(as_text=True)
        return re.findall(r'id="held-(\w+)"', page)

    assert order_of("symbol") == ["AAPL", "IBM"]
    assert order_of("-symbol") == ["IBM", "AAPL"]
    assert order_of("value") == order_of("-value")[::-1]
    assert order_of("nonsense;drop") == order_of("-value")


def test_huge_figures_and_long_names_stay_whole(desk, open_book):
    name = "Forty characters of a very long-named bk"
    assert len(name) == 40
    book = open_book(name, "1234567890.12")
    said = words(desk.get(f"/portfolios/{book.id}"))
    assert "$1,234,567,890.12" in said
    assert name in said
    assert "1,234,567,890.12" in words(desk.get("/portfolios/"))


def test_markup_in_a_name_is_text(desk, open_book):
    book = open_book("<script>alert(1)</script>", "10", description="<img src=x onerror=y>")
    for path in ("", "/transactions", "/verify", "/delete", "/edit"):
        page = desk.get(f"/portfolios/{book.id}{path}").get_data(as_text=True)
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert "&lt;script&gt;alert" in page


def test_ten_thousand_transactions_come_in_pages(desk, open_book, session, count_sql):
    book = open_book()
    row = session.query(Transaction).one()
    fields = ("portfolio_id", "type", "quantity", "fees", "cash_amount", "realized_pnl")
    copy = {name: getattr(row, name) for name in fields}
    copy |= {"executed_at": row.executed_at, "recorded_at": row.recorded_at, "note": "=1+1"}
    session.execute(Transaction.__table__.insert(), [copy] * 9_999)
    session.commit()
    with count_sql() as statements:
        answer = desk.get(f"/portfolios/{book.id}/transactions?page=200")
    assert "Page 200 of 200" in words(answer)
    assert "10,000 rows" in words(answer)
    assert len(statements) <= 6
    assert answer.get_data(as_text=True).count('<th scope="row">') == 50
    file = desk.get(f"/portfolios/{book.id}/transactions.csv")
    lines = file.get_data(as_text=True).splitlines()
    assert len(lines) == 10_001
    assert file.headers["Content-Disposition"] == 'attachment; filename="book-transactions.csv"'
    assert lines[1].endswith("'=1+1")


def test_filters_live_in_the_address(desk, lived):
    book, _ = lived
    here = f"/portfolios/{book.id}/transactions"
    assert "1 row" in words(desk.get(f"{here}?type=deposit"))
    assert "1 row" in words(desk.get(f"{here}?symbol=aapl"))
    assert "Nothing matches" in words(desk.get(f"{here}?symbol=GOOG"))
    assert "Nothing matches" in words(desk.get(f"{here}?from=2010-01-01"))
    csv = desk.get(f"{here}.csv?symbol=aapl").get_data(as_text=True).splitlines()
    assert len(csv) == 2
    assert ",AAPL," in csv[1]


@pytest.mark.parametrize(
    "query",
    ["type=bribe", "from=yesterday", "to=2009-02-30", "symbol=%3Cb%3E", "symbol=" + "A" * 99],
)
@pytest.mark.parametrize("suffix", ["", ".csv"])
def test_a_filter_that_cannot_be_read_says_so(desk, lived, query, suffix):
    book, _ = lived
    answer = desk.get(f"/portfolios/{book.id}/transactions{suffix}?{query}")
    assert answer.status_code == 422
    assert "Correct what is marked above" in words(answer)
    assert 'aria-invalid="true"' in answer.get_data(as_text=True)


def test_an_order_keeps_its_receipt(desk, lived, session):
    book, waiting = lived
    filled = session.query(Order).filter_by(status="filled", quantity=D(10)).one()
    said = words(desk.get(f"/portfolios/{book.id}/orders/{filled.id}"))
    assert "Receipt" in said
    assert "The first price at or after the order was placed" in said
    assert "Cancel this order" not in said
    said = words(desk.get(f"/portfolios/{book.id}/orders/{waiting.id}"))
    assert "Cancel this order" in said
    assert "Receipt" not in said


def test_the_proof_shows_a_planted_difference(desk, lived, session):
    book, _ = lived
    said = words(desk.get(f"/portfolios/{book.id}/verify"))
    assert "Every figure is right." in said
    assert "Differs" not in said
    session.get(Position, (book.id, quotes.of(session, "AAPL").stock_id)).cost_basis += D("0.01")
    session.commit()
    said = words(desk.get(f"/portfolios/{book.id}/verify"))
    assert "1 figure differs" in said
    assert said.count("Differs") == 1


def test_the_curve_has_its_table(desk, lived):
    book, _ = lived
    answer = desk.part(f"/portfolios/{book.id}/curve?range=all")
    assert "2 Jan 2009" in words(answer)
    assert 'aria-current="true"' in answer.get_data(as_text=True)
    assert "<html" not in answer.get_data(as_text=True)
    assert desk.get(f"/portfolios/{book.id}?range=nonsense").status_code == 200
