"""What the panel asks for; services judge it."""

from __future__ import annotations

from decimal import Decimal

from wtforms import DateField, PasswordField, StringField
from wtforms.validators import InputRequired

from stocksite.auth import passwords
from stocksite.web.forms import ExactField, ServiceForm


class ConfirmForm(ServiceForm):
    """The administrator's own password."""

    password = PasswordField(
        "Password",
        [InputRequired("Enter your password.")],
        render_kw={"autocomplete": "current-password", "maxlength": passwords.MAX_LENGTH},
    )


class SpeedForm(ServiceForm):
    """How fast the replay runs."""

    speed = ExactField(
        "Market seconds per second",
        [InputRequired("Enter a speed, such as 390.")],
        places=1,
        minimum=Decimal("0.1"),
        maximum=Decimal(100_000),
        description="While the market is open: 390 makes a session last a minute.",
    )


class SkipForm(ServiceForm):
    """The session to skip to."""

    day = DateField(
        "Next session to open",
        [InputRequired("Enter a day.")],
        description="The days between are booked without being shown.",
    )


class ReasonForm(ServiceForm):
    """Why a model is promoted or rolled back."""

    reason = StringField(
        "Reason",
        [InputRequired("Say why: it is kept in the model's history.")],
        render_kw={"autocomplete": "off", "maxlength": 200},
    )
