"""The PDF: the figures of the JSON, tagged, bookmarked, inert, and nothing fetched for it."""

from __future__ import annotations

import json
import socket
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stocksite.reports import native, plain, printing
from stocksite.reports.building import portfolio
from stocksite.reports.content import Report
from stocksite.reports.printing import Printed
from tests.reports.files import opened, page_of, same_everywhere, tags, text_of
from tests.reports.generated import inputs

pytestmark = pytest.mark.skipif(bool(native.missing()), reason="Pango is not installed here")

HOSTILE = (
    "<script>alert(1)</script>",
    '<link rel="attachment" href="file:///etc/passwd">',
    '<img src="http://127.0.0.1:9/x.png"><a href="file:///etc/passwd">x</a>',
    '"><style>@import url(http://127.0.0.1:9/x.css)</style>',
    "=cmd|'/C calc'!A1",
    "{{ 7 * 7 }}{% raw %}",
    "url(file:///etc/passwd) \u202e\u200b ﷽ 😀 漢字",
)


def printed(report: Report) -> tuple[str, Printed]:
    text = plain.canonical(report)
    digest = plain.digest(text)
    return text, printing.print_pdf(report, text, digest, plain.short_id(digest))


@cache
def usual() -> tuple[Report, str, Printed]:
    report = portfolio.build(inputs(trades=220))
    return report, *printed(report)


@settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.integers(0, 10_000),
    st.sampled_from([40, 300, 900]),
    st.text(st.characters(codec="latin-1", categories=["L", "N"]), min_size=1, max_size=12),
)
def test_page_pdf_and_json_have_the_same_figures(seed: int, sessions: int, name: str) -> None:
    report = portfolio.build(inputs(seed, sessions=sessions, trades=7, name=name, note="n"))
    text, made = printed(report)
    same_everywhere(report, text, made.pdf)
    assert len(report.figures) >= 24


def test_it_is_tagged_with_a_language_a_title_and_a_mark_of_pdf_ua() -> None:
    report, _, made = usual()
    root: Any = opened(made.pdf).trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "en-US"
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    meta = opened(made.pdf).metadata
    assert meta is not None
    assert meta.title == "Retirement: portfolio report"
    xmp = root["/Metadata"].get_object().get_data().decode()
    assert "pdfuaid:part" in xmp
    kinds = [kind for kind, _ in tags(made.pdf)]
    assert kinds.count("/Document") == 1
    assert kinds.count("/H1") == 1
    assert kinds.count("/H2") == len(report.sections)
    assert kinds.count("/Table") >= 8
    assert {"/THead", "/TBody", "/TR", "/TH", "/TD", "/Figure"} <= set(kinds)


def test_every_drawing_has_words_for_those_who_do_not_see_it() -> None:
    report, _, made = usual()
    drawn = [
        str(element["/Alt"])
        for kind, element in tags(made.pdf)
        if kind == "/Figure"
        if "/Alt" in element
    ]
    charts = [b for s in report.sections for b in s.blocks if b.block == "chart"]
    assert len(drawn) == len(charts) >= 4
    assert any(words.startswith("Growth against the benchmark: 31 Dec 2002 to") for words in drawn)


def test_heads_of_tables_and_running_lines_repeat_on_every_page() -> None:
    report, _, made = usual()
    pages = opened(made.pdf).pages
    words = [page.extract_text() for page in pages]
    assert all(f"Page {n} of {len(pages)}" in text for n, text in enumerate(words, start=1))
    id_ = plain.short_id(plain.digest(plain.canonical(report)))
    assert all(f"Report {id_}" in text for text in words)
    assert all("As of 4 Jan 2013" in text for text in words)
    assert all("Retirement" in text for text in words)
    ledger = [text for text in words if text.count("101.2345") > 10]
    assert len(ledger) >= 3
    assert all("New York time" in text for text in ledger)


def test_bookmarks_are_the_sections() -> None:
    report, _, made = usual()
    outline = [item.title for item in opened(made.pdf).outline if not isinstance(item, list)]
    assert outline == [section.title for section in report.sections]


def test_tables_are_capped_and_say_so() -> None:
    _, text, made = usual()
    words = text_of(made.pdf)
    assert "The first 200 of 220 rows" in words
    (trades,) = [
        block
        for section in json.loads(text)["sections"]
        for block in section["blocks"]
        if block["key"] == "trades"
    ]
    assert len(trades["rows"]) == 220


def test_its_json_is_attached_and_nothing_else_is() -> None:
    report, text, made = usual()
    attached = opened(made.pdf).attachments
    assert len(attached) == 1
    ((name, contents),) = attached.items()
    assert name.endswith(".json")
    assert contents[0] == text.encode()
    assert plain.read(contents[0].decode()) == report


def test_our_fonts_are_in_it_and_no_others() -> None:
    _, _, made = usual()
    names = set()
    for page in opened(made.pdf).pages:
        for font in page["/Resources"]["/Font"].values():  # type: ignore[index]
            names.add(font.get_object()["/BaseFont"].split("+")[-1])
    assert {name.replace("-", "") for name in names} == {"/ReportSans", "/ReportSansSemiBold"} or {
        name.replace("-", "") for name in names
    } == {"ReportSans", "ReportSansSemiBold"}


def test_it_stays_small() -> None:
    report = portfolio.build(inputs(trades=40))
    _, made = printed(report)
    assert len(made.pdf) < 130_000


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_names_and_notes_are_only_text(text: str, monkeypatch: Any) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(socket.socket, "connect", lambda *address: asked.append(address))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *address: asked.append(address))
    given_ = inputs(sessions=40, trades=2, fans=0, name=text, description=text, note=text)
    report = portfolio.build(given_)
    content, made = printed(report)
    assert asked == [], "nothing is fetched"
    assert list(opened(made.pdf).attachments.values()) == [[content.encode()]]
    assert b"/JavaScript" not in made.pdf
    assert b"/URI" not in made.pdf
    assert "root:" not in text_of(made.pdf)
    page = page_of(report)
    assert "<script" not in page
    assert "<link" not in page
    assert "<img" not in page
    if text.isascii():
        squeezed = "".join(text.split())
        assert squeezed in "".join(text_of(made.pdf).split()), "it is printed as it was written"


def test_only_data_may_be_fetched(tmp_path: Any) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("for nobody")
    printing._weasyprint()
    for address in (secret.as_uri(), "http://127.0.0.1:9/", "ftp://127.0.0.1/"):
        with pytest.raises(ValueError, match="disallowed protocol"):
            printing._fetcher().fetch(address)


def test_an_empty_portfolio_prints() -> None:
    from dataclasses import replace

    from stocksite.portfolios import figures
    from stocksite.portfolios.periods import Span

    base = inputs(sessions=40, trades=0, fans=0)
    none = replace(
        base, view=figures.empty_view(7, "New", None, Span()), curves=None, holdings=(), sources=()
    )
    _, made = printed(portfolio.build(none))
    words = text_of(made.pdf)
    assert "No session has closed in this span" in words
    assert "Every figure" not in words, "no page of dashes"
    assert made.pages == 1


def test_money_that_moved_has_a_sign_and_no_colour() -> None:
    report = portfolio.build(inputs(sessions=40, trades=6))
    (trades,) = [table for table in report.tables if table.key == "trades"]
    (at,) = [n for n, column in enumerate(trades.columns) if column.key == "cash"]
    told = [row[at][1:] for row in trades.printed]
    assert {way for _, way in told} == {""}, "a purchase is no loss"
    assert any(text.startswith("−") for text, _ in told)
    assert any(text.startswith("+") for text, _ in told)
    assert report.figures["net_flow"].way == ""
