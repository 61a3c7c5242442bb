"""What the market's pages ask for: filters of the events feed, and the whole query by hand."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from wtforms import SelectField, StringField, ValidationError

from stocksite.core.errors import DomainError
from stocksite.market.service.events import EventFilter
from stocksite.market.symbols import normalize
from stocksite.web.forms import ServiceForm, choices

_TYPES: Final = (("", "All"), ("PRICE_INCREASE", "Increase"), ("PRICE_DECREASE", "Decrease"))
_SYMBOL: Final = {"maxlength": 20, "autocapitalize": "characters", "spellcheck": "false"}
_ORDERINGS: Final = (
    ("", "Default: -timestamp"),
    ("-timestamp", "-timestamp (newest first)"),
    ("timestamp", "timestamp (oldest first)"),
    ("symbol__ticker", "symbol__ticker (A to Z)"),
    ("-symbol__ticker", "-symbol__ticker (Z to A)"),
    ("event_type", "event_type (decreases first)"),
    ("-event_type", "-event_type (increases first)"),
    ("symbol__ticker,-timestamp", "symbol__ticker,-timestamp"),
)


class _Day(StringField):
    """A day typed or picked, kept as typed when it is none."""

    day: date | None = None

    def pre_validate(self, form: Any) -> None:
        """Read it."""
        text = (self.data or "").strip()
        try:
            self.day = date.fromisoformat(text) if text else None
        except ValueError:
            raise ValidationError("Use a day like 2009-03-31.") from None


class EventsForm(ServiceForm):
    """Which events the feed shows; lives in the URL."""

    symbol = StringField("Stock", render_kw=_SYMBOL)
    type = SelectField("Direction", choices=choices(*_TYPES), default="")
    start = _Day("From", name="from")
    end = _Day("To", name="to")

    def validate_symbol(self, field: StringField) -> None:
        """A symbol in any spelling, or none."""
        text = (field.data or "").strip()
        try:
            field.data = normalize(text) if text else ""
        except DomainError as error:
            raise ValidationError(error.detail) from None

    def wanted(self) -> EventFilter:
        """The filter, for the service."""
        return EventFilter(
            symbol=self.symbol.data or None,
            event_type=self.type.data or None,
            day_from=self.start.day,
            day_to=self.end.day,
        )


class EventQueryForm(ServiceForm):
    """Every parameter of the events API under its own name; the API itself judges the values."""

    symbol__ticker = StringField("symbol__ticker", render_kw=_SYMBOL)
    event_type = SelectField(
        "event_type",
        choices=choices(("", "Any"), *((name, name) for name, _ in _TYPES[1:])),
        default="",
        validate_choice=False,
    )
    timestamp__gte = StringField("timestamp__gte")
    timestamp__lte = StringField("timestamp__lte")
    timestamp__date__gte = StringField("timestamp__date__gte")
    timestamp__date__lte = StringField("timestamp__date__lte")
    ordering = SelectField(
        "ordering", choices=choices(*_ORDERINGS), default="", validate_choice=False
    )
    page = StringField("page")
    page_size = StringField("page_size")
