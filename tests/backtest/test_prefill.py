"""Changing one thing of an earlier backtest: its form comes back as it was asked."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from werkzeug.datastructures import MultiDict

from stocksite.backtest import forms, prefill
from stocksite.backtest.ask import read_ask
from stocksite.backtest.strategies import STRATEGIES
from tests.portfolios.desk import words

RULES = {
    "enter": {
        "any": [
            {"left": "close", "op": "crosses_above", "right": {"indicator": "sma", "window": 50}},
            {"left": {"indicator": "rsi", "window": 14}, "op": "<", "right": 30.5},
        ]
    },
    "leave": {"all": []},
}
ASKS: list[dict[str, Any]] = [
    {"strategy": "sma_cross", "symbols": ["AAPL"], "parameters": {"fast": 7, "slow": 70}},
    {"strategy": "percent_move", "symbols": ["IBM"], "parameters": {"buy_pct": 2.5}},
    {
        "strategy": "buy_and_hold",
        "symbols": ["AAPL", "IBM", "MSFT"],
        "sizing": {"kind": "volatility_target", "value": 0.2},
    },
    {"strategy": "momentum", "symbols": ["AAPL", "IBM", "MSFT"]},
    {
        "strategy": "rules",
        "symbols": ["AAPL"],
        "parameters": RULES,
        "start": "2004-05-06",
        "end": "2010-01-04",
        "initial_investment": 12_345.67,
        "costs": {"commission_pct": 0.25, "commission_per_trade": 1.5, "slippage_pct": 0.05},
        "exits": {"stop_loss_pct": 7.5, "max_holding": 30},
        "fill": "next_close",
        "adjustment": "total",
        "shares": "fractional",
        "rounding": "cent",
    },
]


@pytest.mark.parametrize("raw", ASKS)
def test_the_form_asks_again_what_was_asked(app, raw) -> None:
    ask = read_ask(raw)
    cls = STRATEGIES[ask.strategy]
    fields = prefill.fields_of(ask)
    assert fields is not None
    with app.test_request_context("/"):
        form = forms.run_form(cls, int(fields.get("rows", 0)))(MultiDict(fields))
        assert form.validate(), form.errors
        assert forms.read_run(cls, form) == ask


def test_groups_in_groups_have_no_rows() -> None:
    nested = {"enter": {"all": [RULES["enter"]]}, "leave": {"all": []}}
    ask = read_ask({"strategy": "rules", "symbols": ["AAPL"], "parameters": nested})
    assert prefill.fields_of(ask) is None


def test_from_a_result_back_to_its_form(lab) -> None:
    run = lab.run(parameters={"fast": 7, "slow": 70}, exits={"trailing_stop_pct": 12.5})["id"]
    page = lab.get(f"/backtests/{run}").get_data(as_text=True)
    found = re.search(r'href="([^"]*again=1[^"]*)"', page)
    assert found
    form = lab.get(unescape(found[1])).get_data(as_text=True)
    for name, value in (("p_fast", "7"), ("p_slow", "70"), ("p_trailing_stop_pct", "12.5")):
        assert re.search(rf'name="{name}"[^>]*value="{value}"', form), name


@pytest.mark.parametrize("name", [name for name in STRATEGIES if name != "rules"])
def test_every_form_gives_a_result_in_one_click(lab, name) -> None:
    page = lab.get(f"/backtests/?strategy={name}").get_data(as_text=True)
    form = page[page.index('class="form lab-form"') :]
    sent = dict(re.findall(r'<input[^>]*name="([^"]+)"[^>]*value="([^"]*)"', form))
    chosen = {"fill": "next_open", "adjustment": "split", "shares": "whole", "rounding": "none"}
    chosen = {key: value for key, value in {**chosen, "sizing": ""}.items() if f'"{key}"' in form}
    answer = lab.post(f"/backtests/?strategy={name}", {**sent, **chosen})
    assert answer.status_code == 303, words(answer)
    assert "Final value" in words(lab.get(answer.headers["Location"]))
