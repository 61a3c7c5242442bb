"""Forms: they shape what was typed; services judge it, and their objections land on the fields."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any, Final

from flask_wtf import FlaskForm
from wtforms import Field, ValidationError
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.widgets import TextInput

from stocksite.core import money
from stocksite.core.errors import DomainError, InvalidInput

_GROUPED: Final = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?", re.ASCII)


def choices(*pairs: tuple[Any, str]) -> list[Any]:
    """What a SelectField or RadioField offers: (value, label) pairs."""
    return [SelectChoice(value, label) for value, label in pairs]


class ServiceForm(FlaskForm):
    """Base: CSRF is checked for the whole site, so no form carries a second token field."""

    class Meta(FlaskForm.Meta):
        """Without a second CSRF field: `form_start` writes the one there is."""

        csrf = False

    def show(self, error: DomainError) -> None:
        """Put each of the error's sentences under its field, the rest above the form."""
        homeless = not error.fields
        for problem in error.fields:
            if problem.field in self._fields:
                self[problem.field].errors = [*self[problem.field].errors, problem.detail]
            else:
                homeless = True
        if homeless:
            self.form_errors.append(error.detail)


class ExactField(Field):
    """A number kept exactly: text in, Decimal out, the typed text shown again on a mistake.

    A thousands separator and a dollar sign are forgiven. `data` is None when left empty.
    """

    widget = TextInput()

    def __init__(
        self,
        label: str,
        validators: Any = None,
        *,
        places: int,
        minimum: Decimal,
        maximum: Decimal = money.MAX_CASH,
        **options: Any,
    ) -> None:
        super().__init__(label, validators, **options)
        self.places, self.minimum, self.maximum = places, minimum, maximum
        self.typed = ""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read the text through `core.money.parse`."""
        self.typed = valuelist[0].strip() if valuelist else ""
        self.data = None
        text = self.typed.removeprefix("$").strip()
        if _GROUPED.fullmatch(text):  # not "1,5": whoever means one and a half may not buy fifteen
            text = text.replace(",", "")
        if not text:
            self.raw_data = []  # spaces are nothing, also for InputRequired and Optional
            return
        try:
            self.data = money.parse(
                text,
                field=self.name,
                places=self.places,
                minimum=self.minimum,
                maximum=self.maximum,
            )
        except InvalidInput as error:
            raise ValidationError(error.detail) from None

    def _value(self) -> str:
        if self.typed:
            return self.typed[:60]
        return "" if self.data is None else f"{Decimal(self.data).normalize():f}"
