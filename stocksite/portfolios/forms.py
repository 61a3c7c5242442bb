"""What the pages of this room ask for. Forms shape the text; the services judge the values."""

from __future__ import annotations

import uuid
from datetime import date
from decimal import Decimal
from typing import Any, Final

from wtforms import HiddenField, RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import (
    DataRequired,
    InputRequired,
    Length,
    Optional,
    Regexp,
    ValidationError,
)

from stocksite.core import money
from stocksite.core.errors import DomainError
from stocksite.market.symbols import normalize
from stocksite.portfolios.entries import TransactionType
from stocksite.portfolios.fills import Side
from stocksite.portfolios.form_settings import MeasuredBy, in_capitals, trimmed
from stocksite.portfolios.orders import OrderRequest
from stocksite.portfolios.service.books import BookSettings
from stocksite.portfolios.service.history import OrderFilter, TransactionFilter
from stocksite.web.fields import CONTROL
from stocksite.web.forms import ExactField, ServiceForm, choices

NAME_LENGTH: Final = 80
DESCRIPTION_LENGTH: Final = 500
EXECUTIONS: Final = (
    ("next_quote", "At the next quote (waits for the open when the market is closed)"),
    ("instant", "At once, at the last known price, at any hour"),
)
ORDER_STATUSES: Final = (
    ("", "All"),
    ("open", "Waiting"),
    ("filled", "Filled"),
    ("canceled", "Canceled"),
    ("expired", "Expired"),
    ("rejected", "Rejected"),
)
_CENT: Final = Decimal("0.01")
_ABOUT_THE_AMOUNT: Final = frozenset(
    {"insufficient-funds", "insufficient-shares", "order-too-small"}
)


def _clean(form: Any, field: Any) -> None:
    """Line breaks and tabs may stand in a description, other controls nowhere."""
    if CONTROL.search(field.data or ""):
        raise ValidationError("Control characters cannot be part of it.")


def _unix_lines(value: str | None) -> str:
    return trimmed(value).replace("\r\n", "\n").replace("\r", "\n")


class SettingsForm(MeasuredBy, ServiceForm):
    """What an owner may change about a portfolio at any time."""

    name = StringField(
        "Name",
        [
            DataRequired("Give it a name."),
            Length(max=NAME_LENGTH, message=f"At most {NAME_LENGTH} characters."),
            _clean,
        ],
        filters=[trimmed],
        render_kw={"maxlength": NAME_LENGTH, "autocomplete": "off"},
    )
    description = TextAreaField(
        "Description",
        [
            Length(max=DESCRIPTION_LENGTH, message=f"At most {DESCRIPTION_LENGTH} characters."),
            _clean,
        ],
        filters=[_unix_lines],
        render_kw={"rows": 2, "maxlength": DESCRIPTION_LENGTH},
        description="What it is for: your idea, your rules. Only you see it.",
    )
    execution = SelectField("Orders fill", choices=choices(*EXECUTIONS), default="next_quote")
    commission_pct = ExactField(
        "Commission, part of the amount",
        [Optional()],
        places=4,
        minimum=money.ZERO,
        maximum=Decimal(100),
        default=money.ZERO,
    )
    commission_per_trade = ExactField(
        "Commission, fixed part per trade",
        [Optional()],
        places=2,
        minimum=money.ZERO,
        default=money.ZERO,
    )

    def changes(self) -> dict[str, Any]:
        """The values, for the service; a commission left empty is none."""
        return {
            "name": self.name.data,
            "description": self.description.data,
            "execution": self.execution.data,
            "commission_pct": self.commission_pct.data or money.ZERO,
            "commission_per_trade": self.commission_per_trade.data or money.ZERO,
            **self.measured_by(),
        }


class PortfolioForm(SettingsForm):
    """A new portfolio."""

    starting_cash = ExactField(
        "Starting cash",
        [InputRequired("Enter an amount; 0 is possible.")],
        places=2,
        minimum=money.ZERO,
        default=Decimal("100000.00"),
        description="Virtual dollars. You can deposit and withdraw later.",
    )

    def settings(self) -> BookSettings:
        """The values, for the service."""
        assert self.starting_cash.data is not None  # it is required
        return BookSettings(starting_cash=self.starting_cash.data, **self.changes())


class CashForm(ServiceForm):
    """A deposit or a withdrawal."""

    type = RadioField(
        "What to do",
        [InputRequired("Choose one of the two.")],
        choices=choices(("deposit", "Deposit"), ("withdrawal", "Withdraw")),
        default="deposit",
    )
    amount = ExactField("Amount", [InputRequired("Enter an amount.")], places=2, minimum=_CENT)

    @property
    def kind(self) -> TransactionType:
        """Which of the two."""
        return TransactionType(self.type.data)


class DeleteForm(ServiceForm):
    """The name, typed again."""

    confirm = StringField("Name", filters=[trimmed])


class TicketForm(ServiceForm):
    """An order: portfolio, side, stock, and how much in shares or in cash."""

    client_order_id = HiddenField(
        validators=[Regexp(r"[A-Za-z0-9_-]{8,64}\Z", message="This is no ticket id.")]
    )
    portfolio = SelectField("Portfolio", coerce=int, validate_choice=False)
    side = RadioField(
        "Side",
        choices=choices(("buy", "Buy"), ("sell", "Sell")),
        default="buy",
    )
    symbol = StringField(
        "Stock", [InputRequired("Enter a symbol, like AAPL.")], filters=[in_capitals]
    )
    mode = RadioField(
        "How much",
        choices=choices(("quantity", "In shares"), ("notional", "In dollars")),
        default="quantity",
    )
    quantity = ExactField(
        "Shares",
        [Optional()],
        places=9,
        minimum=money.QUANTITY_STEP,
        maximum=money.MAX_QUANTITY,
    )
    notional = ExactField("Amount", [Optional()], places=2, minimum=_CENT)

    def fresh(self) -> None:
        """Give the ticket an id of its own: submitted twice, it is still one order."""
        self.client_order_id.data = uuid.uuid4().hex

    def show_refusal(self, error: DomainError) -> None:
        """Put the sentence where the way out is: too much or too little is about the amount."""
        if error.code == "client-order-id-reused":
            self.ask_again()
        elif error.code in _ABOUT_THE_AMOUNT:
            self.size.errors = [*self.size.errors, error.detail]
        else:
            self.show(error)

    def ask_again(self) -> None:
        """The id was used for another order, or is none: only the person knows what they mean."""
        self.fresh()
        self.form_errors.append(
            "This ticket was sent before. If you mean another order, send it again."
        )

    @property
    def size(self) -> ExactField:
        """The field that says how much."""
        field: ExactField = self.notional if self.mode.data == "notional" else self.quantity
        return field

    @property
    def has_size(self) -> bool:
        """Whether there is enough typed to preview anything."""
        return bool(self.symbol.data) and self.size.data is not None

    def validate_symbol(self, field: StringField) -> None:
        """One spelling for each symbol."""
        try:
            field.data = normalize(field.data or "")
        except DomainError as error:
            raise ValidationError(error.detail) from None

    def validate(self, extra_validators: Any = None) -> bool:
        """Only the amount field that was chosen counts; it is required."""
        valid: bool = super().validate(extra_validators)
        other = self.quantity if self.size is self.notional else self.notional
        if other.errors:
            other.errors = []
            valid = not self.errors
        if self.size.data is None and not self.size.errors:
            words = "an amount" if self.size is self.notional else "how many shares"
            self.size.errors = [f"Enter {words}."]
            valid = False
        return valid

    def request(self) -> OrderRequest:
        """The order, for the service."""
        return OrderRequest(
            symbol=self.symbol.data or "",
            side=Side(self.side.data),
            quantity=self.size.data if self.size is self.quantity else None,
            notional=self.size.data if self.size is self.notional else None,
            client_order_id=self.client_order_id.data or None,
        )


class _SymbolFilter(ServiceForm):
    symbol = StringField(
        "Stock", filters=[in_capitals], render_kw={"maxlength": 20, "autocapitalize": "characters"}
    )

    def validate_symbol(self, field: StringField) -> None:
        """A symbol in any spelling, or none."""
        if not field.data:
            return
        try:
            field.data = normalize(field.data)
        except DomainError as error:
            raise ValidationError(error.detail) from None


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


class TransactionFilterForm(_SymbolFilter):
    """Which transactions to list; lives in the URL."""

    type = SelectField(
        "Type",
        choices=choices(("", "All"), *((t.value, t.value.capitalize()) for t in TransactionType)),
        default="",
    )
    start = _Day("From", name="from")
    end = _Day("To", name="to")

    def wanted(self) -> TransactionFilter:
        """The filter, for the service."""
        return TransactionFilter(
            self.type.data or None, self.symbol.data or None, self.start.day, self.end.day
        )


class OrderFilterForm(_SymbolFilter):
    """Which orders to list; lives in the URL."""

    status = SelectField("Status", choices=choices(*ORDER_STATUSES), default="")

    def wanted(self) -> OrderFilter:
        """The filter, for the service."""
        return OrderFilter(self.status.data or None, self.symbol.data or None)
