"""The rule builder as a form: rows of conditions, so that nobody has to write code.

Each row reads "left – comparison – right". A side is a price, an indicator with its numbers, or a
number.
"""

from __future__ import annotations

from typing import Any, Final

from wtforms import Form, SelectField, StringField
from wtforms.validators import Length

from stocksite.backtest.strategies.builder import COLUMNS, INDICATORS, OPERATORS
from stocksite.core.errors import InvalidInput
from stocksite.web.forms import choices

SIDES: Final = (("enter", "Buy when"), ("leave", "Sell when"))
MAX_ROWS: Final = 6
_NAMES: Final = {
    "sma": "Average of closes (days)",
    "ema": "Exponential average (days)",
    "rsi": "RSI (days)",
    "highest": "Highest high before (days)",
    "lowest": "Lowest low before (days)",
    "change_pct": "Change in percent (days)",
    "volatility_pct": "Volatility in percent (days)",
    "average_volume": "Average volume (days)",
    "bollinger_lower": "Lower Bollinger band (days, width)",
    "bollinger_upper": "Upper Bollinger band (days, width)",
    "macd": "MACD line (fast, slow)",
    "macd_signal": "MACD signal (fast, slow, signal)",
}
_WORDS: Final = {
    "<": "is below",
    "<=": "is at or below",
    ">": "is above",
    ">=": "is at or above",
    "crosses_above": "rises above",
    "crosses_below": "falls below",
}
NUMBER: Final = "number"
OPERANDS: Final = (
    *((name, name.capitalize()) for name in COLUMNS),
    *((name, _NAMES[name]) for name in INDICATORS),
    (NUMBER, "The number"),
)
_STARTING: Final = {
    ("enter", 0): ("close", "", "crosses_above", "sma", "50"),
    ("leave", 0): ("close", "", "crosses_below", "sma", "50"),
}


class RuleFields(Form):
    """Marks a form that has rows of conditions; `rows` per side."""

    rows = 0

    def row(self, side: str, number: int) -> list[Any]:
        """The five fields of a row."""
        names = ("left", "left_numbers", "op", "right", "right_numbers")
        return [self[f"{side}_{number}_{name}"] for name in names]


def add_rule_fields(members: dict[str, Any], rows: int) -> None:
    """Put the rows of both sides among the members of a form class."""
    count = min(max(rows, 1), MAX_ROWS)
    members["rows"] = count
    for side, _ in SIDES:
        members[f"{side}_join"] = SelectField(
            "Of these", choices=choices(("all", "all hold"), ("any", "any holds"))
        )
        for number in range(count):
            left, left_numbers, op, right, right_numbers = _STARTING.get(
                (side, number), ("close", "", "", "sma", "20")
            )
            stem = f"{side}_{number}_"
            members[f"{stem}left"] = SelectField("What", choices=choices(*OPERANDS), default=left)
            members[f"{stem}left_numbers"] = _numbers(left_numbers)
            members[f"{stem}op"] = SelectField(
                "Comparison",
                choices=choices(("", "(no condition)"), *((o, _WORDS[o]) for o in OPERATORS)),
                default=op,
            )
            members[f"{stem}right"] = SelectField(
                "With what", choices=choices(*OPERANDS), default=right
            )
            members[f"{stem}right_numbers"] = _numbers(right_numbers)


def _numbers(default: str) -> StringField:
    return StringField(
        "Numbers", [Length(max=40)], default=default, render_kw={"inputmode": "decimal"}
    )


def rules_from(form: RuleFields) -> dict[str, Any]:
    """The rules of a form as the builder reads them. Raises InvalidInput about a row's field."""
    rules: dict[str, Any] = {}
    for side, _ in SIDES:
        conditions = [
            {
                "left": _operand(form, f"{side}_{number}_left"),
                "op": form[f"{side}_{number}_op"].data,
                "right": _operand(form, f"{side}_{number}_right"),
            }
            for number in range(form.rows)
            if form[f"{side}_{number}_op"].data
        ]
        if side == "enter" and not conditions:
            raise InvalidInput.of_field("enter_0_op", "Choose at least one condition to buy.")
        rules[side] = {form[f"{side}_join"].data: conditions}
    return rules


def _operand(form: RuleFields, name: str) -> Any:
    kind, typed = form[name].data, form[f"{name}_numbers"].data or ""
    numbers = [_number(word, f"{name}_numbers") for word in typed.split(",") if word.strip()]
    if kind in COLUMNS:
        return kind
    if kind == NUMBER:
        if len(numbers) != 1:
            raise InvalidInput.of_field(f"{name}_numbers", "Enter the number to compare with.")
        return numbers[0]
    wanted = INDICATORS[kind][0]
    if len(numbers) != len(wanted):
        needs = ", ".join(each[0] for each in wanted)
        raise InvalidInput.of_field(
            f"{name}_numbers", f"Enter {needs}, separated by commas, like {_example(wanted)}."
        )
    operand: dict[str, Any] = {"indicator": kind}
    for (parameter, low, high), value in zip(wanted, numbers, strict=True):
        if not low <= value <= high:
            raise InvalidInput.of_field(
                f"{name}_numbers", f"{parameter} goes from {low:g} to {high:g}."
            )
        operand[parameter] = value
    return operand


def _example(wanted: Any) -> str:
    usual = {"window": "20", "width": "2", "fast": "12", "slow": "26", "signal": "9"}
    return ", ".join(usual[each[0]] for each in wanted)


def _number(text: str, field: str) -> float | int:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not abs(value) <= 1e15:
        raise InvalidInput.of_field(field, f"{text.strip()[:20]} is not a number.")
    return int(value) if value == int(value) else value
