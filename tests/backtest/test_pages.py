"""The pages of the lab: what they say, who may see them, how much they ask the database."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest

from stocksite.backtest.service import sweeps
from tests.portfolios.desk import words

PAGES = (
    "/backtests/",
    "/backtests/?strategy=rules",
    "/backtests/?strategy=momentum",
    "/backtests/sweep",
    "/backtests/sweep?strategy=dip",
    "/backtests/history",
    "/backtests/sweeps/",
    "/backtests/compare?run={run}&run={other}",
    "/backtests/attached",
    "/backtests/{run}",
    "/backtests/{run}/verdict",
    "/backtests/{run}/trade",
    "/backtests/{run}/delete",
    "/backtests/{run}/trades.csv",
    "/backtests/{run}/equity.csv",
    "/backtests/sweeps/{sweep}",
    "/backtests/sweeps/{sweep}?metric=sharpe&row=1&column=1",
    "/backtests/sweeps/{sweep}/cells/3",
    "/backtests/attached/{paper}",
)


@pytest.fixture
def there(lab) -> dict[str, Any]:
    """Two runs, a sweep, a strategy on paper."""
    run, other = lab.run()["id"], lab.run(parameters={"fast": 5, "slow": 20})["id"]
    book = lab.json("POST", "/portfolios/", {"name": "Paper"}).json["id"]
    paper = lab.json("POST", f"/backtests/{run}/attach/", {"portfolio": book})
    assert paper.status_code == 201, paper.json
    return {
        "run": run,
        "other": other,
        "sweep": lab.sweep()["id"],
        "paper": paper.json["id"],
        "book": book,
    }


def test_every_page_opens_with_six_statements_at_most(lab, there, count_sql) -> None:
    for path in PAGES:
        address = path.format(**there)
        lab.get(address)
        with count_sql() as statements:
            answer = lab.get(address)
        assert answer.status_code in (200, 303), (path, words(answer)[:600])
        asked = [s for s in statements if not s.startswith(("UPDATE user_session", "SAVEPOINT"))]
        assert len(asked) <= 6, path + "\n" + "\n".join(asked)
        assert " style=" not in answer.get_data(as_text=True), path


def test_strangers_find_nothing_and_nobody_is_sent_to_the_login(
    lab, stranger, client, there
) -> None:
    for path in PAGES:
        address = path.format(**there)
        if "{" in path and "compare" not in path:
            assert stranger.get(address).status_code == 404, path
            assert stranger.part(address).status_code == 404, path
        answer = client.get(address)
        assert answer.status_code == 303, path
        assert answer.headers["Location"].startswith("/login")
    compared = stranger.get("/backtests/compare?run={run}&run={other}".format(**there))
    assert "Nothing to compare" in words(compared)
    for path in ("{run}/check", "{run}/delete", "{run}/cancel", "sweeps/{sweep}/cancel"):
        assert stranger.post("/backtests/" + path.format(**there), {}).status_code == 404, path
    for what in ("pause", "resume", "detach"):
        address = f"/backtests/attached/{there['paper']}/{what}"
        assert stranger.post(address, {}).status_code == 404
    assert stranger.post(f"/backtests/sweeps/{there['sweep']}/cells/0/keep", {}).status_code == 404


DEFAULTS = {
    "symbol": "AAPL",
    "initial_investment": "100,000",
    "commission_pct": "0.1",
    "fill": "next_open",
    "adjustment": "raw",
    "shares": "whole",
    "rounding": "none",
    "sizing": "",
}


def test_one_click_shows_figures_first_and_the_verdict_as_a_fragment(lab) -> None:
    page = lab.get("/backtests/")
    assert "Run the backtest" in words(page)
    answer = lab.post("/backtests/?strategy=sma_cross", DEFAULTS)
    assert answer.status_code == 303
    shown = lab.get(answer.headers["Location"])
    text = words(shown)
    assert "$472,726.56" in text
    assert "30" in text
    assert "It ended ahead" not in text
    assert 'hx-get="/backtests/1/verdict"' in shown.get_data(as_text=True)
    verdict = lab.part("/backtests/1/verdict")
    said = words(verdict)
    assert verdict.status_code == 200
    assert "<html" not in verdict.get_data(as_text=True)
    assert "holding made +230.3" in said
    assert "Never looked ahead" in said
    assert "Rule risk" in said
    assert "572,588.36" in said
    whole = words(lab.get("/backtests/1"))
    assert "holding made +230.3" in whole
    assert "backtesting.py 0.297" in whole, "why other libraries print another number"
    assert "mean(r)/sd(r, ddof 1)" in whole
    assert "472,726.56" in words(lab.get("/backtests/history"))


def test_without_scripts_the_verdict_is_a_page(lab) -> None:
    run = lab.post("/backtests/?strategy=sma_cross", DEFAULTS).headers["Location"]
    answer = lab.get(f"{run}/verdict")
    assert answer.status_code == 303
    assert "Reality Check against holding" in words(lab.get(answer.headers["Location"]))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"symbol": "NOSUCH"}, "No stock has the symbol NOSUCH"),
        ({"symbol": ""}, "Name a symbol"),
        ({"symbol": "!!"}, "letters and digits"),
        ({"start": "1990-01-01"}, "begins on 2000-03-01"),
        ({"start": "2010-01-04", "end": "2009-01-05"}, "lies before the start"),
        ({"start": "yesterday"}, "Use a day of the calendar"),
        ({"initial_investment": "0"}, "more than $0"),
        ({"p_fast": "60"}, "must be larger than fast"),
        ({"p_fast": "2.5"}, "Use a whole number"),
        ({"p_stop_loss_pct": "0"}, "smallest value"),
        ({"sizing": "fixed_fraction", "sizing_value": "7"}, "from 0.0001 to 1"),
        ({"fill": "yesterday"}, "Not a valid choice"),
    ],
)
def test_a_mistake_is_told_beside_its_field_and_nothing_is_lost(lab, change, sentence) -> None:
    form = DEFAULTS | {"p_fast": "20", "p_slow": "50"} | change
    answer = lab.post("/backtests/?strategy=sma_cross", form)
    assert answer.status_code == 422
    assert sentence in words(answer)
    page = answer.get_data(as_text=True)
    assert 'aria-invalid="true"' in page
    for value in change.values():
        assert not value or f'value="{value}"' in page or "selected" in page


def test_rules_without_code(lab) -> None:
    page = lab.get("/backtests/?strategy=rules").get_data(as_text=True)
    assert page.count('name="enter_1_op"') == 1
    more = lab.post("/backtests/?strategy=rules", DEFAULTS | {"rows": "2", "add_row": "1"})
    assert more.status_code == 200
    assert 'name="leave_2_op"' in more.get_data(as_text=True)
    rules = {
        "enter_join": "all",
        "leave_join": "any",
        "rows": "2",
        "enter_0_left": "close",
        "enter_0_op": "crosses_above",
        "enter_0_right": "sma",
        "enter_0_right_numbers": "50",
        "enter_1_left": "rsi",
        "enter_1_left_numbers": "14",
        "enter_1_op": "<",
        "enter_1_right": "number",
        "enter_1_right_numbers": "70",
        "leave_0_left": "close",
        "leave_0_op": "<",
        "leave_0_right": "bollinger_lower",
        "leave_0_right_numbers": "20, 2",
    }
    answer = lab.post("/backtests/?strategy=rules", DEFAULTS | rules)
    assert answer.status_code == 303, words(answer)
    shown = words(lab.get(answer.headers["Location"]))
    assert "close crosses above sma(50)" in shown
    assert "close < bollinger_lower(20, 2)" in shown
    bad = lab.post("/backtests/?strategy=rules", DEFAULTS | rules | {"leave_0_right_numbers": "20"})
    assert bad.status_code == 422
    assert "Enter window, width, separated by commas" in words(bad)
    none = lab.post("/backtests/?strategy=rules", DEFAULTS | {"rows": "2"})
    assert none.status_code == 422


def test_a_sweep_from_the_form_to_a_kept_cell(lab) -> None:
    form = DEFAULTS | {
        "p_fast": "10",
        "p_fast_to": "20",
        "p_fast_step": "5",
        "p_slow": "30",
        "p_slow_to": "60",
        "p_slow_step": "10",
    }
    answer = lab.post("/backtests/sweep?strategy=sma_cross", form)
    assert answer.status_code == 303, words(answer)
    page = lab.get(answer.headers["Location"])
    text = words(page)
    assert "12 combinations" in text
    assert "Suggested: the plateau" in text
    assert "Walk-forward" in text
    links = re.findall(
        r'href="(/backtests/sweeps/1/cells/\d+)" tabindex="-1"', page.get_data(as_text=True)
    )
    assert len(links) == 12
    report = lab.get(links[5])
    assert "Keep it as a backtest" in words(report)
    found = lab.get("/backtests/sweeps/1/find?fast=20&slow=50")
    assert found.status_code == 303
    assert "$472,726.56" in words(lab.get(found.headers["Location"]))
    assert lab.get("/backtests/sweeps/1/find?fast=21&slow=50").status_code == 404
    kept = lab.post(found.headers["Location"] + "/keep", {})
    assert kept.status_code == 303
    assert "picked from a sweep" in words(lab.get(kept.headers["Location"]))


def test_a_grid_that_is_too_large_offers_a_coarser_one(lab) -> None:
    form = DEFAULTS | {
        "p_winbuy": "1",
        "p_winbuy_to": "1000",
        "p_winbuy_step": "1",
        "p_winsell": "1",
        "p_winsell_to": "1000",
        "p_winsell_step": "1",
        "p_max_holding": "1",
        "p_max_holding_to": "1000",
        "p_max_holding_step": "1",
    }
    answer = lab.post("/backtests/sweep?strategy=dip", form)
    assert answer.status_code == 422
    assert "1,000,000,000 combinations" in words(answer)
    assert "A coarser grid that fits" in words(answer)


def test_the_check_and_deleting(lab) -> None:
    run = lab.run()["id"]
    answer = lab.post(f"/backtests/{run}/check", {})
    assert answer.status_code == 303
    assert "Identical, byte for byte" in words(lab.get(answer.headers["Location"]))
    assert lab.post(f"/backtests/{run}/delete", {}).status_code == 303
    assert lab.get(f"/backtests/{run}").status_code == 404


def test_a_map_that_did_not_change_is_not_sent_again(lab, monkeypatch) -> None:
    monkeypatch.setattr(sweeps, "SMALL_HOPS", 0)
    body = {"strategy": "sma_cross", "symbol": "AAPL", "parameters": {"fast": [5, 10]}}
    sweep = lab.json("POST", "/backtests/sweeps/", body).json["id"]
    page = lab.get(f"/backtests/sweeps/{sweep}?metric=trades").get_data(as_text=True)
    found = re.search(r'hx-get="([^"]*/live[^"]*)"[^>]*hx-ptag="(\d+)"', page)
    assert found
    assert "metric=trades" in found[1]
    answer = lab.part(unescape(found[1]), HX_PTag=found[2])
    assert answer.headers["HX-PTag"] == found[2] == "0"
    assert "0 of 2 combinations are known" in words(answer)
    assert "sweep-map" not in answer.get_data(as_text=True)


def test_rules_nested_too_deep_are_refused(lab) -> None:
    group: dict[str, Any] = {"all": []}
    for _ in range(150):
        group = {"all": [group]}
    body = {"strategy": "rules", "symbol": "AAPL", "parameters": {"enter": group}}
    answer = lab.json("POST", "/backtests/", body)
    assert answer.status_code == 422
    assert "nested" in answer.json["detail"]


def test_addresses_that_are_wrong(lab) -> None:
    for path in (
        "/backtests/999999",
        "/backtests/?strategy=magic",
        "/backtests/sweep?strategy=rules",
        "/backtests/sweeps/7",
        "/backtests/sweeps/7/cells/1",
        "/backtests/attached/1",
        "/backtests/attached/1/pause",
    ):
        assert lab.get(path).status_code in (404, 405), path
    assert lab.get("/backtests/compare?run=x&run=&run=99").status_code == 200
