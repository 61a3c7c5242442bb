"""The form of a sweep: from, to and step for every parameter; one left at a point is fixed."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from wtforms.validators import Optional

from stocksite.backtest.ask import Ask, read_ask
from stocksite.backtest.forms import EXIT_LABELS, LabForm, own_fields
from stocksite.backtest.grid import EXIT_AXES
from stocksite.backtest.strategies import Parameter, Rules, Strategy
from stocksite.web.forms import ExactField

SPANS: Final[dict[str, dict[str, tuple[str, str, str]]]] = {
    "sma_cross": {"fast": ("5", "50", "5"), "slow": ("20", "200", "10")},
    "ema_cross": {"fast": ("5", "50", "5"), "slow": ("20", "200", "10")},
    "dip": {"winbuy": ("5", "100", "5"), "winsell": ("5", "100", "5")},
    "percent_move": {"buy_pct": ("2", "20", "2"), "sell_pct": ("2", "40", "2")},
    "rsi": {"window": ("5", "30", "5"), "buy_below": ("20", "40", "5")},
    "bollinger": {"window": ("10", "60", "5"), "width": ("1", "3", "0.25")},
    "macd": {"fast": ("6", "18", "2"), "slow": ("20", "40", "4")},
    "donchian": {"entry": ("10", "100", "5"), "exit": ("5", "50", "5")},
    "momentum": {"lookback": ("42", "252", "42"), "every_days": ("21", "63", "21")},
    "dca": {"every_days": ("5", "65", "10")},
}
"""What a fresh form varies: spans that say something within a second or two."""


def sweepable(cls: type[Strategy]) -> bool:
    """Whether a strategy has numbers to vary."""
    return cls is not Rules and bool(cls.parameters())


def sweep_form(cls: type[Strategy]) -> type[LabForm]:
    """The form of one strategy's sweep."""
    members: dict[str, Any] = {}
    spans = SPANS.get(cls.name, {})
    for each in cls.parameters():
        start, end, step = spans.get(each.name, (str(each.default), "", ""))
        _add(members, each, start, end, step)
    for name, axis in EXIT_AXES.items():
        _add(members, axis, "", "", "", EXIT_LABELS[name])
    members |= own_fields(cls)
    return type(f"{cls.__name__}SweepForm", (LabForm,), members)


def _add(
    members: dict[str, Any], parameter: Parameter, start: str, end: str, step: str, label: str = ""
) -> None:
    name = label or parameter.name.removesuffix("_pct").replace("_", " ").capitalize()
    places = 0 if parameter.type == "int" else 6
    low, high = Decimal(str(parameter.low or 0)), Decimal(str(parameter.high or 0))
    for part, default, least in (
        ("", start, low),
        ("_to", end, low),
        ("_step", step, Decimal(1).scaleb(-places)),
    ):
        words = {"": name, "_to": f"{name}, to", "_step": f"{name}, in steps of"}[part]
        members[f"p_{parameter.name}{part}"] = ExactField(
            words,
            [Optional()],
            places=places,
            minimum=least,
            maximum=high,
            default=Decimal(default) if default else None,
            description=parameter.meaning if not part else "",
        )


def span_rows(cls: type[Strategy], form: LabForm) -> list[tuple[Parameter, Any, Any, Any]]:
    """(parameter, from, to, step) of every parameter, exits last."""
    every = [*cls.parameters(), *EXIT_AXES.values()]
    return [
        (each, form[f"p_{each.name}"], form[f"p_{each.name}_to"], form[f"p_{each.name}_step"])
        for each in every
    ]


def read_sweep(cls: type[Strategy], form: LabForm) -> Ask:
    """The ask of a valid form, parameters as a grid. Raises InvalidInput."""
    parameters: dict[str, Any] = {}
    for each, start, end, step in span_rows(cls, form):
        kind = int if each.type == "int" else float
        if start.data is None:
            continue
        if end.data is None or end.data == start.data:
            parameters[each.name] = kind(start.data)
            continue
        parameters[each.name] = {"from": kind(start.data), "to": kind(end.data)} | (
            {} if step.data is None else {"step": kind(step.data)}
        )
    raw = form.raw() | {"exits": {}}
    return read_ask({**raw, "strategy": cls.name, "parameters": parameters}, grid=True)
