"""The one form of the room: what to report on, over which span, once or again and again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from wtforms import SelectField, StringField
from wtforms.validators import ValidationError

from stocksite.portfolios.periods import PERIODS, WORDS, Span
from stocksite.reports.reading import Wish
from stocksite.web.forms import ServiceForm, choices

_REPEAT: Final = (("", "Once"), ("weekly", "After each week"), ("monthly", "After each month"))
_SYMBOL_CHARS: Final = 20


def _trimmed(value: str | None) -> str:
    return (value or "").strip()


class WishForm(ServiceForm):
    """Base of the four forms."""

    kind = ""

    def wish(self) -> Wish:
        """What was asked for. Raises InvalidInput."""
        raise NotImplementedError

    @property
    def every(self) -> str:
        """`weekly`, `monthly`, or nothing."""
        field = self._fields.get("repeat")
        return str(field.data or "") if field is not None else ""


class PortfolioForm(WishForm):
    """A portfolio over a span."""

    kind = "portfolio"
    id = SelectField("Portfolio", coerce=str)
    period = SelectField(
        "Span",
        choices=choices(*((key, WORDS[key][0].upper() + WORDS[key][1:]) for key in PERIODS)),
        default="all",
        description="Up to the last close. Days of your own outweigh it.",
    )
    from_ = StringField("From the close of", filters=[_trimmed], name="from")
    to = StringField("To the close of", filters=[_trimmed])
    repeat = SelectField("Make it", choices=choices(*_REPEAT), default="")

    def validate_from_(self, field: StringField) -> None:
        """A day, or nothing."""
        _day(field.data)

    def validate_to(self, field: StringField) -> None:
        """A day, or nothing."""
        _day(field.data)

    def wish(self) -> Wish:
        """What was asked for. Raises InvalidInput for days that run backwards."""
        span = Span.of(self.period.data, _day(self.from_.data), _day(self.to.data))
        return Wish.of("portfolio", int(self.id.data), None, span)


class StockForm(WishForm):
    """A stock."""

    kind = "stock"
    symbol = StringField("Symbol", filters=[_trimmed], description="Like AAPL.")
    repeat = SelectField("Make it", choices=choices(*_REPEAT), default="")

    def wish(self) -> Wish:
        """What was asked for. Raises InvalidInput for what is no symbol."""
        return Wish.of("stock", None, (self.symbol.data or "")[: _SYMBOL_CHARS + 1], Span())


class RunForm(WishForm):
    """A backtest that is done."""

    kind = "backtest"
    id = SelectField("Backtest", coerce=str)

    def wish(self) -> Wish:
        """What was asked for."""
        return Wish.of("backtest", int(self.id.data), None, Span())


class ForecastForm(WishForm):
    """A forecast."""

    kind = "forecast"
    id = SelectField("Forecast", coerce=str)

    def wish(self) -> Wish:
        """What was asked for."""
        return Wish.of("forecast", int(self.id.data), None, Span())


FORMS: Final[dict[str, type[WishForm]]] = {
    form.kind: form for form in (PortfolioForm, StockForm, RunForm, ForecastForm)
}


def offer(form: WishForm, options: Sequence[tuple[int, str]]) -> None:
    """Fill the select of a form that has one."""
    field: Any = form._fields.get("id")
    if field is not None:
        field.choices = choices(*((str(number), label) for number, label in options))


def _day(text: str | None) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValidationError("Use a day like 2009-03-31.") from None
