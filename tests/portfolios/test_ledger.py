"""The ledger against published vectors."""

from __future__ import annotations

from decimal import Decimal

import pytest

from stocksite.portfolios.ledger import (
    Book,
    CostMethod,
    Holding,
    Lot,
    equity,
    identity_gap,
    post,
    replay,
    unrealized,
)
from tests.portfolios.pen import Pen, rich

AVERAGE, FIFO = CostMethod.AVERAGE, CostMethod.FIFO
D = Decimal
BOTH = pytest.mark.parametrize("method", list(CostMethod))


def aapl(pen: Pen, method: CostMethod) -> tuple[Book, Holding]:
    """The book and its AAPL, the identity checked on the way."""
    book = replay(pen.entries, method)
    assert identity_gap(book, {"AAPL": D("123.456789")}) == 0
    return book, book.holdings["AAPL"]


@pytest.mark.parametrize(
    ("method", "cost", "realized", "gain"),
    [(FIFO, "4400.74", "98.12", "10199.26"), (AVERAGE, "4383.74", "81.12", "10216.26")],
)
def test_c1_two_buys_then_a_sale(method: CostMethod, cost: str, realized: str, gain: str) -> None:
    pen = rich().buy("109", "28.891743").buy("52", "32.402308").sell("15", "35.433333")
    assert [entry.cash_amount for entry in pen.entries[1:]] == [
        D("-3149.20"),
        D("-1684.92"),
        D("531.50"),
    ]
    book, held = aapl(pen, method)
    assert (held.quantity, held.cost_basis) == (D(146), D(cost))
    assert book.realized == D(realized)
    assert unrealized(book, {"AAPL": D(100)}) == D(gain)


@BOTH
def test_c2_a_sale_between_buys_costs_the_same_under_both(method: CostMethod) -> None:
    pen = rich().buy("109", "28.891743").sell("15", "35.433333")
    pen.buy("52", "32.402308").buy("32", "29.978125")
    book, held = aapl(pen, method)
    assert held.cost_basis == D("5360.04")
    assert unrealized(book, {"AAPL": D(100)}) == D("12439.96")


def test_c3_adjusted_cost_base_with_fees() -> None:
    pen = rich().buy("100", "50", "10")
    assert aapl(pen, AVERAGE)[1].cost_basis == 5010
    book, _ = aapl(pen.sell("50", "120", "10"), AVERAGE)
    assert book.realized == 3485
    assert aapl(pen.buy("50", "130", "10"), AVERAGE)[1].cost_basis == 9015
    after, gain = post(replay(pen.entries), pen.sell("40", "90", "10").entries[-1])
    assert gain == -16
    assert after.holdings["AAPL"].cost_basis == 5409
    assert after == replay(pen.entries)


def test_c3_under_fifo_takes_the_older_shares_first() -> None:
    pen = rich().buy("100", "50", "10").sell("50", "120", "10").buy("50", "130", "10")
    book, held = aapl(pen.sell("40", "90", "10"), FIFO)
    assert book.realized == 3485 + D("3590") - 2004
    assert held.lots == (Lot(2, D(10), D(501)), Lot(4, D(50), D(6510)))


@BOTH
def test_c4_gross_less_fees_is_net(method: CostMethod) -> None:
    pen = rich().buy("2", "75.80", "2.95").sell("1", "85.73", "1.30")
    book, _ = aapl(pen, method)
    net = book.realized + unrealized(book, {"AAPL": D("87.80")})
    assert net == D("17.68")
    assert net + sum(entry.fees for entry in pen.entries) == D("21.93")


@BOTH
def test_c5_average_price_and_gain(method: CostMethod) -> None:
    book, held = aapl(rich().buy("2", "142.9").buy("2", "136.6"), method)
    assert held.average_price == D("139.75")
    assert unrealized(book, {"AAPL": D("148.9")}) == D("36.60")


@pytest.mark.parametrize(
    ("method", "realized", "gain"), [(AVERAGE, "309.67", "415.33"), (FIFO, "391", "334")]
)
def test_e1_a_whole_life(method: CostMethod, realized: str, gain: str) -> None:
    pen = Pen().deposit("100000").buy("10", "150", "5").buy("5", "180", "5").sell("8", "200", "5")
    pen.split(2, 1).dividend("3.50")
    prices = {"AAPL": D(110)}
    book, held = aapl(pen, method)
    assert held.quantity == 14
    assert book.cash == D("99188.50")
    assert equity(book, prices) == D("100728.50")
    assert (book.realized, unrealized(book, prices)) == (D(realized), D(gain))
    assert book.realized + unrealized(book, prices) + book.income == D("728.50")


@BOTH
@pytest.mark.parametrize(
    ("ratios", "quantity", "average"),
    [
        ([(2, 1)], "20", "50"),
        ([(1, 10)], "1", "1000"),
        ([(2, 1), (1, 3)], "6.666666667", "150"),
    ],
)
def test_s1_splits_keep_the_cost(
    method: CostMethod, ratios: list[tuple[int, int]], quantity: str, average: str
) -> None:
    pen = rich().buy("10", "100")
    for to, of in ratios:
        pen.split(to, of)
    _, held = aapl(pen, method)
    assert (held.quantity, held.cost_basis) == (D(quantity), D(1000))
    assert held.average_price == D(average)


@BOTH
def test_s1_a_sale_after_a_split(method: CostMethod) -> None:
    _, held = aapl(rich().buy("10", "100").split(2, 1).sell("5", "60"), method)
    assert (held.quantity, held.cost_basis) == (D(15), D(750))


@BOTH
def test_s2_the_fraction_goes_as_a_sale_in_lieu(method: CostMethod) -> None:
    pen = rich().buy("100", "100").split(100000, 49999)
    assert aapl(pen, method)[1].quantity == D("200.004000080")
    book, held = aapl(pen.sell("0.004000080", "49.999"), method)
    assert held.quantity == 200
    assert book.realized == D("0.20") - D("0.20")


@BOTH
def test_d1_a_dividend_is_paid_once(method: CostMethod) -> None:
    pen = Pen().deposit("1000").buy("1000", "1").dividend("10000")
    book, _ = aapl(pen, method)
    assert (book.cash, book.income, book.realized) == (D(10000), D(10000), D(0))
