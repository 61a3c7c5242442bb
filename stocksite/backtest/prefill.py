"""What an earlier backtest asked for, as the fields of its form: change one thing, run again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stocksite.backtest.ask import Ask, default_sizing
from stocksite.backtest.builder_form import MAX_ROWS, NUMBER, SIDES
from stocksite.backtest.strategies.builder import INDICATORS


def fields_of(ask: Ask) -> dict[str, str] | None:
    """The fields of the form by name; None for rules with groups in groups."""
    if ask.strategy == "rules":
        own = _rules(ask.parameters)
        if own is None:
            return None
    else:
        own = {f"p_{name}": _text(value) for name, value in ask.parameters.items()}
    told = ask.plain()
    usual = ask.sizing == default_sizing(ask.symbols)
    return own | {
        "symbol": ", ".join(ask.symbols),
        "start": told["start"] or "",
        "end": told["end"] or "",
        "initial_investment": _text(ask.initial_investment),
        **{name: _text(value) for name, value in told["costs"].items()},
        **{name: told[name] for name in ("fill", "adjustment", "shares", "rounding")},
        **{f"p_{name}": _text(value) for name, value in told["exits"].items()},
        "sizing": "" if usual else ask.sizing.kind.value,
        "sizing_value": "" if usual or not ask.sizing.value else _text(ask.sizing.value),
    }


def _text(value: Any) -> str:
    """A number as somebody would type it; nothing for None."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.6f}".rstrip("0").rstrip(".")
    return str(value)


def _rules(parameters: Mapping[str, Any]) -> dict[str, str] | None:
    longest = max(1, *(len(each) for side, _ in SIDES for each in parameters[side].values()))
    found = {"rows": str(longest)}
    for side, _ in SIDES:
        ((joint, members),) = parameters[side].items()
        if len(members) > MAX_ROWS or any("op" not in each for each in members):
            return None
        found[f"{side}_join"] = joint
        for number in range(len(members), longest):
            found[f"{side}_{number}_op"] = ""  # or the row's own default would come back
        for number, each in enumerate(members):
            stem = f"{side}_{number}_"
            found[f"{stem}op"] = each["op"]
            found |= _operand(f"{stem}left", each["left"])
            found |= _operand(f"{stem}right", each["right"])
    return found


def _operand(name: str, raw: Any) -> dict[str, str]:
    if isinstance(raw, Mapping):
        numbers = [raw[parameter] for parameter, *_ in INDICATORS[raw["indicator"]][0]]
        return {name: raw["indicator"], f"{name}_numbers": ", ".join(map(_text, numbers))}
    if isinstance(raw, str):
        return {name: raw, f"{name}_numbers": ""}
    return {name: NUMBER, f"{name}_numbers": _text(raw)}
