"""PDF/UA-1: a validator finds nothing in any kind of report, and the tags are where they belong."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from sqlalchemy.orm import Session

from stocksite.backtest.ask import read_ask
from stocksite.backtest.service import runs
from stocksite.core.actor import Actor
from stocksite.core.clock import wall_now
from stocksite.reports import native, plain, printing
from stocksite.reports.building import portfolio
from stocksite.reports.content import Report
from stocksite.reports.reading import Wish
from stocksite.reports.service import making
from tests.reports.files import same_everywhere, tags
from tests.reports.generated import inputs

pytestmark = pytest.mark.skipif(bool(native.missing()), reason="Pango is not installed here")


def pdf_of(report: Report) -> bytes:
    text = plain.canonical(report)
    return printing.print_pdf(report, text, plain.digest(text), "x").pdf


def judged(pdf: bytes) -> Counter[str]:
    """What a validator of PDF/UA-1 finds against a file: how often each rule is broken."""
    page = pytest.importorskip(
        "page", reason="no PDF/UA validator: page-validation of requirements-dev is not installed"
    )
    told = page.validate_pdf_bytes(pdf, profile=page.ValidationProfile.PDF_UA_1)
    assert told.rules.total >= 100, "the validator looks at every rule it has"
    return Counter(failure.rule_id for failure in told.failures)


@pytest.mark.parametrize(
    "shape",
    [
        {"sessions": 300, "trades": 40, "fans": 2, "note": "rebalanced"},
        {"sessions": 3, "trades": 2, "fans": 0, "name": "<b>Short</b> & ünï"},
    ],
)
def test_a_validator_finds_nothing_in_a_portfolio(shape: dict[str, Any]) -> None:
    assert judged(pdf_of(portfolio.build(inputs(**shape)))) == {}


def test_the_other_kinds_say_the_same_everywhere_and_a_validator_finds_nothing(
    session: Session, actor: Actor, market: Any, forecasted: int
) -> None:
    ask = {"strategy": "sma_cross", "symbols": ["AAPL"], "parameters": {"fast": 20, "slow": 50}}
    ask |= {"start": "2007-01-03", "end": "2008-12-31"}
    run = runs.make(session, actor, read_ask(ask)).id
    wishes = (Wish("stock", symbol="AAPL"), Wish("backtest", run), Wish("forecast", forecasted))
    for wish in wishes:
        view, _ = making.make(session, actor, wish, wall_now(), pdf=False)
        report = plain.read(view.content)
        pdf = pdf_of(report)
        same_everywhere(report, view.content, pdf)
        assert judged(pdf) == {}, wish.kind


def test_the_validator_can_find_something() -> None:
    plain_pdf = printing._weasyprint().HTML(string="<p>No tags, no title, no mark").write_pdf()
    assert len(judged(plain_pdf)) > 2


def test_a_pair_of_name_and_figure_is_an_item_of_a_list() -> None:
    found = tags(pdf_of(portfolio.build(inputs(sessions=40, trades=2))))
    kinds = {kind for kind, _ in found}
    assert {"/L", "/LI", "/LBody"} <= kinds
    for kind, element in found:
        parent = element["/P"].get_object().get("/S")
        if kind == "/LI":
            assert parent == "/L"
        if kind == "/LBody":
            assert parent == "/LI"
        if kind == "/L":
            inside = {str(child.get_object()["/S"]) for child in element["/K"]}
            assert inside == {"/LI"}


def test_every_cell_knows_its_heads() -> None:
    found = tags(pdf_of(portfolio.build(inputs(sessions=40, trades=2))))
    heads = {str(element["/ID"]) for kind, element in found if kind == "/TH"}
    cells = [element for kind, element in found if kind == "/TD"]
    assert len(cells) > 50
    for cell in cells:
        told = [str(each) for each in cell["/A"]["/Headers"]]
        assert told
        assert set(told) <= heads
