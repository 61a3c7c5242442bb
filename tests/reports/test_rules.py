"""What a report prints: one rounding, one text, whatever comes in."""

from __future__ import annotations

import math
import random
from datetime import UTC, date, datetime
from decimal import Decimal
from statistics import NormalDist
from typing import Any

import pytest

from stocksite.reports import csv, drawing, episodes, paper_svg, periods, plain, values
from stocksite.reports.content import Chart, Column, Figure, Figures, Report, Section, Table, clip
from stocksite.web import svg


@pytest.mark.parametrize(
    ("kind", "raw", "kept", "text"),
    [
        ("money", Decimal("1234.5"), "1234.50", "$1,234.50"),
        ("money", Decimal("0.125"), "0.12", "$0.12"),
        ("gain", Decimal("-3"), "-3.00", "−$3.00"),
        ("price", Decimal("604.850000"), "604.85", "$604.85"),
        ("price", 83.80000305, "83.80", "$83.80"),
        ("quantity", Decimal("0.500000000"), "0.5", "0.5"),
        ("quantity", Decimal("10.000000000"), "10", "10"),
        ("dollars", 472726.564999, 472726.56, "$472,726.56"),
        ("profit", -12.345, -12.34, "−$12.34"),
        ("percent", 1.005, 1.0, "+1.00%"),
        ("percent", -0.001, 0.0, "0.00%"),
        ("share", 41.506, 41.51, "41.51%"),
        ("points", 1.25, 1.2, "+1.2"),
        ("figure", 1.0567, 1.057, "1.057"),
        ("count", 1250.0, 1250, "1,250"),
        ("ratio", None, None, "–"),
        ("ratio", math.nan, None, "–"),
        ("percent", math.inf, None, "–"),
        ("day", date(2009, 1, 14), "2009-01-14", "14 Jan 2009"),
    ],
)
def test_a_value_is_rounded_once_half_even_and_printed_from_that(
    kind: str, raw: Any, kept: Any, text: str
) -> None:
    assert values.rounded(kind, raw) == kept
    assert values.text(kind, kept) == text
    assert values.rounded(kind, raw if raw is None else kept) == kept or kind in ("day",)


@pytest.mark.parametrize("kind", ["money", "gain", "quantity"])
def test_money_is_never_a_float(kind: str) -> None:
    with pytest.raises(TypeError, match="not float"):
        values.rounded(kind, 1.5)


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="no kind"):
        values.rounded("cowries", 1)


def _report(rows: int = 3, name: str = "Book") -> Report:
    table = Table.of(
        "trades",
        "Trades",
        (Column("what", "What"), Column("cash", "Cash, $", "gain")),
        [(name, Decimal(n)) for n in range(rows)],
    )
    figure = Figure.of("twr_pct", "Return", "percent", 12.3456)
    sections = (Section("s", "Section", (Figures("f", "Key", (figure,)), table)),)
    at = datetime(2009, 1, 2, 21, tzinfo=UTC)
    return Report("portfolio", "portfolio:1", clip(name), "Report", "All", at, sections)


def test_a_report_comes_back_from_its_json_the_same() -> None:
    report = _report()
    text = plain.canonical(report)
    assert plain.read(text) == report
    assert plain.canonical(plain.read(text)) == text
    assert plain.digest(text) == plain.digest(plain.canonical(_report()))
    assert plain.digest(text) != plain.digest(plain.canonical(_report(name="Other")))


def test_tables_print_two_hundred_rows_and_keep_all() -> None:
    report = _report(rows=1_000)
    (table,) = report.tables
    assert len(table.printed) == 200
    assert len(plain.plain(report)["sections"][0]["blocks"][1]["rows"]) == 1_000
    assert csv.table(report, "trades").count("\r\n") == 1_001


def test_a_table_with_formulas_in_it_is_inert_as_csv() -> None:
    text = csv.table(_report(name='=cmd|"/C calc"!A1'), "trades")
    assert "\r\n\"'=cmd" in text
    assert "\r\n=cmd" not in text


def test_long_texts_are_cut() -> None:
    assert len(clip("x" * 10_000)) == 600
    assert clip("  a\n b ") == "a b"


def test_widths_of_columns_fill_the_table() -> None:
    (table,) = _report().tables
    assert sum(table.widths) == pytest.approx(100, abs=0.1)


def test_episodes_are_told_deepest_first() -> None:
    days = [date(2009, 1, day) for day in range(1, 11)]
    below = [0, -5, -2, 0, 0, -10, -3, 0, 0, -1]
    found = episodes.deepest(days, below)
    assert [(e.peak.day, e.trough.day, e.back and e.back.day) for e in found] == [
        (5, 6, 8),
        (1, 2, 4),
        (9, 10, None),
    ]
    assert [e.sessions for e in found] == [3, 3, 1]


def test_an_episode_may_begin_at_the_first_close() -> None:
    days = [date(2009, 1, 1), date(2009, 1, 2)]
    (only,) = episodes.deepest(days, [0.0, -1.0])
    assert only.back is None
    assert episodes.deepest(days, [0.0, 0.0]) == []


def test_rolling_volatility_is_the_rooms_own() -> None:
    from stocksite.portfolios import performance

    random.seed(7)
    returns = [random.gauss(0, 0.01) for _ in range(100)]
    rolled = episodes.rolling_volatility(returns, 63)
    assert rolled[:62] == [None] * 62
    assert rolled[-1] == pytest.approx(100 * (performance.volatility(returns[-63:]) or 0))


@pytest.mark.parametrize(
    ("last", "every", "end"),
    [
        ("2009-01-08", "weekly", "2009-01-02"),
        ("2009-01-09", "weekly", "2009-01-09"),
        ("2009-01-12", "weekly", "2009-01-09"),
        ("2009-04-09", "weekly", "2009-04-09"),  # Good Friday follows
        ("2009-01-29", "monthly", "2008-12-31"),
        ("2009-01-30", "monthly", "2009-01-30"),
        ("2009-02-02", "monthly", "2009-01-30"),
    ],
)
def test_a_period_is_over_with_its_last_session(last: str, every: str, end: str) -> None:
    assert periods.last_end(date.fromisoformat(last), every) == date.fromisoformat(end)


def test_long_lines_are_thinned_and_a_drawdown_keeps_its_depth() -> None:
    days = [date.fromordinal(733_000 + n) for n in range(5_000)]
    below = [0.0] * 5_000
    below[2_501] = -42.0
    data = drawing.line_data(days, [("x", below, 1)], kind="percent", lowest=True)
    assert len(data["days"]) <= drawing.MAX_POINTS + 1
    assert data["days"][0] == days[0].isoformat()
    assert min(data["lines"][0]["values"]) == -42.0
    assert data["days"][-1] == days[-1].isoformat()


def _charts() -> dict[str, Chart]:
    days = [date.fromordinal(733_000 + n) for n in range(40)]
    line = drawing.line_data(days, [("Up", list(range(40)), 1)], kind="money", area=True)
    prices = [100.0 + n for n in range(40)]
    columns = dict.fromkeys(("open", "high", "low", "close", "volume"), prices)
    spread = [NormalDist().inv_cdf((n + 1) / 22) for n in range(21)]
    return {
        "line": Chart("a", "A <line> & more", "line", line),
        "candles": Chart(
            "b", "B", "candles", {"days": line["days"], "lines": line["lines"], **columns}
        ),
        "trades": Chart(
            "c",
            "C",
            "trades",
            {
                "days": line["days"],
                "closes": prices,
                "trades": [
                    {
                        "entry_date": line["days"][3],
                        "exit_date": line["days"][9],
                        "entry_price": 1.0,
                        "exit_price": 2.0,
                    }
                ],
            },
        ),
        "fan": Chart(
            "d",
            "D",
            "fan",
            {
                "symbol": "AAPL",
                "origin": line["days"][9],
                "last_close": 100.0,
                "recent": [[day, 100.0] for day in line["days"][:10]],
                "points": [
                    {"date": day, "quantiles": [100 + s for s in spread], "actual": None}
                    for day in line["days"][10:]
                ],
            },
        ),
        "shares": Chart("e", "E", "shares", {"parts": [{"label": "AAPL & Co", "share_pct": 60.0}]}),
    }


@pytest.mark.parametrize("form", ["line", "candles", "trades", "fan", "shares"])
def test_every_drawing_has_a_paper_face_with_its_words(form: str) -> None:
    from xml.etree import ElementTree as ET

    chart = _charts()[form]
    drawn = drawing.draw(chart)
    paper = ET.fromstring(paper_svg.for_paper(drawn, 600))
    screen = ET.fromstring(drawn)
    space = "{http://www.w3.org/2000/svg}"
    assert paper.find(f"{space}title").text == screen.get("aria-label")  # type: ignore[union-attr]
    assert len(list(paper.iter(f"{space}path"))) == len(list(screen.iter("path")))
    texts = [node.text for node in paper.iter(f"{space}text")]
    assert texts == [node.text for node in screen.iter("text")]
    for node in paper.iter(f"{space}text"):
        assert -1 <= float(node.get("x", "0")) <= 601, "words stay on the paper"


def test_an_unknown_shape_is_not_lost_silently() -> None:
    with pytest.raises(ValueError, match="does not know"):
        paper_svg.for_paper('<svg class="chart chart-m" aria-label="x"><blink/></svg>', 600)
    odd = '<svg class="chart chart-m" aria-label="x"><path class="squiggle" d="M0 0"/></svg>'
    with pytest.raises(ValueError, match="unknown to paper"):
        paper_svg.for_paper(odd, 600)


def test_the_candlestick_of_a_page_is_the_one_on_paper() -> None:
    days = [date.fromordinal(733_000 + n) for n in range(3)]
    bars = [svg.Bar(day, 1.0, 2.0, 0.5, 1.5, 10.0) for day in days]
    made = paper_svg.for_paper(svg.candlestick(bars, title="T"), 600)
    assert made.count("<path") >= 6
    assert made.count("<rect") == 3
