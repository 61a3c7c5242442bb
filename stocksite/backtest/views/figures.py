"""How research figures are written: floats, so not as money is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from stocksite.backtest.ask import Ask
from stocksite.backtest.conventions import NOTES
from stocksite.backtest.forms import ADJUSTMENTS, FILLS, ROUNDINGS, SHARES, SIZINGS
from stocksite.backtest.strategies import STRATEGIES
from stocksite.backtest.strategies.builder import INDICATORS
from stocksite.web import format as formats
from stocksite.web import svg

_DOLLARS: Final = frozenset(
    {"final_value", "profit", "fees", "traded", "expectancy", "average_win", "average_loss"}
)
_COUNTS: Final = frozenset({"trades", "open_trades", "max_drawdown_bars"})
_UNSIGNED: Final = frozenset(
    {"volatility_pct", "win_rate_pct", "exposure_pct", "fees_pct_of_start"}
)
_SIDES: Final = {"all": "all of", "any": "any of"}


def dollars(value: float | None) -> str:
    """Research money, to the cent: `$472,726.56`."""
    return formats.DASH if value is None else formats.price(round(value, 2))


def shown(name: str, value: float | None) -> str:
    """A figure by its name, as people read it."""
    if value is None:
        return formats.DASH
    if name in _DOLLARS:
        return dollars(value)
    if name in _COUNTS:
        return formats.number(value)
    if name == "psr":
        return formats.percent(100 * value, sign=False, places=1)
    if "_pct" in name:
        return formats.percent(value, sign=name not in _UNSIGNED)
    return formats.number(value, places=3)


def table_of(metrics: Mapping[str, float | None]) -> list[dict[str, str]]:
    """Every figure with its formula, in the order of the conventions."""
    return [
        {
            "name": name,
            "label": note.label,
            "value": shown(name, metrics.get(name)),
            "formula": note.formula,
            "basis": note.basis,
            "elsewhere": note.elsewhere,
        }
        for name, note in NOTES.items()
        if name in metrics
    ]


def settings_of(ask: Ask) -> list[tuple[str, str]]:
    """(name, value) of the parameters, in words."""
    if ask.strategy == "rules":
        return [
            ("Buy when", _group(ask.parameters["enter"])),
            ("Sell when", _group(ask.parameters["leave"]) or "never"),
        ]
    declared = {each.name: each for each in STRATEGIES[ask.strategy].parameters()}
    return [
        (named(name).capitalize(), _value(value) + _unit(name))
        for name, value in ask.parameters.items()
        if name in declared or value is not None
    ]


def terms_of(ask: Ask) -> list[tuple[str, str]]:
    """(name, value) of everything else: money, costs, fills, sizes and what ends a trade."""
    costs, sizing = ask.costs, ask.sizing
    takes = dict(SIZINGS)[sizing.kind.value].lower()
    if sizing.value:
        takes += f": {sizing.value:,.6g}"
    if STRATEGIES[ask.strategy].own_sizing:
        takes = "what the strategy says"
    told = [
        ("Initial investment", dollars(ask.initial_investment)),
        (
            "Commission",
            f"{costs.commission_pct:g}% and {dollars(costs.commission_per_trade)} a trade",
        ),
        ("Slippage", f"{costs.slippage_pct:g}%"),
        ("Orders fill", dict(FILLS)[ask.fill.value].lower()),
        ("Prices", dict(ADJUSTMENTS)[ask.adjustment].lower()),
        ("Shares", dict(SHARES)[ask.shares.value].lower()),
        ("Money", dict(ROUNDINGS)[ask.rounding.value].lower()),
        ("Each buy takes", takes),
    ]
    exits = paired(ask.plain()["exits"])
    return [*told, ("Ends a trade", ", ".join(exits))] if exits else told


def one_line(ask: Ask) -> str:
    """The parameters in one line: `fast 20, slow 50`."""
    if ask.strategy == "rules":
        return "; ".join(f"{name.lower()} {text}" for name, text in settings_of(ask))
    told = [f"{named(name)} {_value(value)}{_unit(name)}" for name, value in ask.parameters.items()]
    return ", ".join([*told, *paired(ask.plain()["exits"])])


def named(name: str) -> str:
    """A parameter in words: `stop_loss_pct` is a stop loss."""
    return name.removesuffix("_pct").replace("_", " ")


def paired(values: Mapping[str, float | None]) -> list[str]:
    """Parameters with their values: `fast 20`, `stop loss 5%`."""
    return [
        f"{named(name)} {value:g}{_unit(name)}"
        for name, value in values.items()
        if value is not None
    ]


def _unit(name: str) -> str:
    return "%" if name.endswith("_pct") else ""


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        step = f" in steps of {value['step']:g}" if "step" in value else ""
        return f"{value['from']:g} to {value['to']:g}{step}"
    if isinstance(value, (list, tuple)):
        return ", ".join(f"{each:g}" for each in value[:8]) + (" …" if len(value) > 8 else "")
    return f"{value:g}" if isinstance(value, (int, float)) else str(value)


def _group(group: Mapping[str, Any]) -> str:
    ((joint, members),) = group.items()
    said = [_group(each) if "op" not in each else _condition(each) for each in members]
    if len(said) == 1:
        return said[0]
    return f"{_SIDES[joint]} ({'; '.join(said)})" if said else ""


def _condition(each: Mapping[str, Any]) -> str:
    words = str(each["op"]).replace("_", " ")
    return f"{_operand(each['left'])} {words} {_operand(each['right'])}"


def _operand(raw: Any) -> str:
    if isinstance(raw, Mapping):
        wanted = INDICATORS[raw["indicator"]][0]
        numbers = [f"{raw[name]:g}" for name, *_ in wanted]
        return f"{raw['indicator']}({', '.join(numbers)})"
    return f"{raw:g}" if isinstance(raw, (int, float)) else str(raw)


def curves(result: Mapping[str, Any]) -> dict[str, Any]:
    """The drawings of a result's equity and drawdown."""
    curve = result["curve"]
    days = [date.fromisoformat(day) for day in curve["dates"]]
    lines = (
        svg.Line("Strategy", curve["equity"], series=1, area=True),
        svg.Line(result["benchmark"]["name"], curve["benchmark"], series=2),
    )
    below = (svg.Line("Below its high", curve["drawdown_pct"], series=5, area=True),)
    return {
        "days": days,
        "equity_svg": svg.line_chart(days, lines, title="Value"),
        "drawdown_svg": svg.line_chart(
            days, below, title="Drawdown", kind="percent", size="s", base=0.0
        ),
    }
