"""What the pages of the lab ask for. A form is made per strategy: its parameters are fields."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any, Final

from wtforms import SelectField, StringField
from wtforms.validators import InputRequired, Optional, ValidationError

from stocksite.backtest.ask import DEFAULT_ADJUSTMENT, Ask, read_ask
from stocksite.backtest.builder_form import RuleFields, add_rule_fields, rules_from
from stocksite.backtest.grid import EXIT_AXES
from stocksite.backtest.strategies import Parameter, Rules, Strategy
from stocksite.core import money
from stocksite.core.errors import DomainError, FieldError, InvalidInput
from stocksite.market.symbols import normalize
from stocksite.web.forms import ExactField, ServiceForm, choices

FILLS: Final = (
    ("next_open", "At the next open"),
    ("next_close", "At the next close"),
    ("next_mid", "In the middle of the next day"),
    ("same_close", "At the signal’s own close (looks ahead a little)"),
)
ADJUSTMENTS: Final = (
    ("split", "Splits adjusted away"),
    ("total", "Splits and dividends adjusted away"),
    ("raw", "As they were traded"),
)
SHARES: Final = (("whole", "Whole shares"), ("fractional", "Fractions too"))
ROUNDINGS: Final = (
    ("none", "Unrounded"),
    ("cent", "To the cent, like the ledger"),
)
SIZINGS: Final = (
    ("", "As usual: all-in, or equal parts for several symbols"),
    ("all_in", "All the cash there is"),
    ("fixed_fraction", "A fraction of the account"),
    ("fixed_cash", "A fixed amount"),
    ("volatility_target", "By volatility"),
)
EXIT_LABELS: Final = {
    "stop_loss_pct": "Stop-loss",
    "take_profit_pct": "Take-profit",
    "trailing_stop_pct": "Trailing stop",
    "max_holding": "Longest holding",
}
_HOMES: Final = {
    "symbols": "symbol",
    "costs.commission_pct": "commission_pct",
    "costs.commission_per_trade": "commission_per_trade",
    "costs.slippage_pct": "slippage_pct",
    "sizing.kind": "sizing",
    "sizing.value": "sizing_value",
}


def _trimmed(value: str | None) -> str:
    return (value or "").strip()


def _percent(label: str, default: str, **options: Any) -> ExactField:
    return ExactField(
        label,
        [Optional()],
        places=6,
        minimum=money.ZERO,
        maximum=Decimal(100),
        default=Decimal(default),
        **options,
    )


def _symbol(default: str, description: str) -> StringField:
    return StringField(
        "Symbol",
        [InputRequired("Name a symbol, like AAPL.")],
        filters=[_trimmed],
        default=default,
        description=description,
    )


def _several_symbols() -> StringField:
    """The field of a strategy that chooses among symbols."""
    return _symbol("AAPL, IBM, MSFT", "Two or more to choose among.")


class LabForm(ServiceForm):
    """What every backtest and every sweep asks for."""

    symbol = _symbol("AAPL", "Several share one purse: AAPL, IBM.")
    start = StringField("From", [Optional()], filters=[_trimmed])
    end = StringField("To", [Optional()], filters=[_trimmed])
    initial_investment = ExactField(
        "Initial investment",
        [InputRequired("Enter an amount.")],
        places=2,
        minimum=money.ZERO,
        default=Decimal(100_000),
    )
    commission_pct = _percent("Commission", "0.1", description="Percent of the amount, each way.")
    commission_per_trade = ExactField(
        "Commission per trade",
        [Optional()],
        places=2,
        minimum=money.ZERO,
        maximum=Decimal(10**9),
        default=money.ZERO,
    )
    slippage_pct = _percent("Slippage", "0", description="Percent of the price, against you.")
    fill = SelectField("Orders fill", choices=choices(*FILLS))
    adjustment = SelectField("Prices", choices=choices(*ADJUSTMENTS), default=DEFAULT_ADJUSTMENT)
    shares = SelectField("Shares", choices=choices(*SHARES))
    rounding = SelectField("Money", choices=choices(*ROUNDINGS))
    sizing = SelectField("Each buy takes", choices=choices(*SIZINGS))
    sizing_value = ExactField(
        "How much",
        [Optional()],
        places=6,
        minimum=money.ZERO,
        description="A fraction (0.5), an amount, or a yearly volatility (0.2).",
    )

    def show(self, error: DomainError) -> None:
        """Sentences about JSON fields land on the fields of this page."""
        fields = tuple(FieldError(self._home(each.field), each.detail) for each in error.fields)
        super().show(InvalidInput(error.detail, fields=fields))

    def _home(self, field: str) -> str:
        name = _HOMES.get(field, field)
        for prefix in ("parameters.", "exits."):
            name = name.removeprefix(prefix)
        return name if name in self._fields else f"p_{name}"

    def symbols(self) -> list[str]:
        """The symbols in their one spelling. Raises InvalidInput."""
        typed = (self.symbol.data or "").replace(";", ",")
        words = [word for word in typed.split(",") if word.strip()]
        return [normalize(word) for word in words]

    def validate_start(self, field: StringField) -> None:
        """A day."""
        _check_day(field)

    def validate_end(self, field: StringField) -> None:
        """A day."""
        _check_day(field)

    def raw(self) -> dict[str, Any]:
        """All but strategy and parameters, as `read_ask` takes it."""
        exits = {name: self[f"p_{name}"].data for name in EXIT_AXES if f"p_{name}" in self}
        sizing = self.sizing.data if "sizing" in self else ""
        return {
            "symbols": self.symbols(),
            "start": self.start.data or None,
            "end": self.end.data or None,
            "initial_investment": float(self.initial_investment.data),
            "costs": {
                name: float(self[name].data or 0)
                for name in ("commission_pct", "commission_per_trade", "slippage_pct")
            },
            "exits": {n: float(v) for n, v in exits.items() if isinstance(v, Decimal)},
            "sizing": None
            if not sizing
            else {"kind": sizing, "value": _float_or_none(self.sizing_value.data)},
            **{name: self[name].data for name in ("fill", "adjustment", "shares", "rounding")},
        }


def _check_day(field: StringField) -> None:
    try:
        date.fromisoformat(field.data or "2000-01-01")
    except ValueError:
        raise ValidationError("Use a day of the calendar, like 2010-03-31.") from None


def _float_or_none(value: Decimal | None) -> float | None:
    return None if value is None else float(value)


def run_form(cls: type[Strategy], rows: int = 0) -> type[LabForm]:
    """The form of one strategy's backtest: its parameters, and the exits."""
    members: dict[str, Any] = {}
    if cls is Rules:
        add_rule_fields(members, rows)
    else:
        for each in cls.parameters():
            members[f"p_{each.name}"] = _number(each)
    for name, axis in EXIT_AXES.items():
        members[f"p_{name}"] = _number(axis, EXIT_LABELS[name])
    members |= own_fields(cls)
    bases = (RuleFields, LabForm) if cls is Rules else (LabForm,)
    return type(f"{cls.__name__}Form", bases, members)


def own_fields(cls: type[Strategy]) -> dict[str, Any]:
    """What a strategy changes about the fields all forms share; None leaves a field out."""
    changed: dict[str, Any] = {}
    if cls.several:
        changed["symbol"] = _several_symbols()
    if cls.own_sizing:
        changed |= {"sizing": None, "sizing_value": None}
    return changed


def _number(parameter: Parameter, label: str = "") -> ExactField:
    whole = parameter.type == "int"
    default = None if parameter.default is None else Decimal(str(parameter.default))
    return ExactField(
        label or parameter.name.removesuffix("_pct").replace("_", " ").capitalize(),
        [Optional()],
        places=0 if whole else 6,
        minimum=Decimal(str(parameter.low or 0)),
        maximum=Decimal(str(parameter.high or 0)),
        default=default,
        description=parameter.meaning,
    )


def parameter_names(cls: type[Strategy]) -> list[str]:
    """The fields that hold a strategy's parameters."""
    return [] if cls is Rules else [f"p_{each.name}" for each in cls.parameters()]


def read_run(cls: type[Strategy], form: LabForm) -> Ask:
    """The ask of a form that is valid. Raises InvalidInput."""
    parameters: dict[str, Any] = {}
    if isinstance(form, RuleFields):
        parameters = rules_from(form)
    else:
        for each in cls.parameters():
            value = form[f"p_{each.name}"].data
            if value is not None:
                parameters[each.name] = int(value) if each.type == "int" else float(value)
    return read_ask({**form.raw(), "strategy": cls.name, "parameters": parameters})
