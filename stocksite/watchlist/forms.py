"""What the watchlist asks for."""

from __future__ import annotations

from decimal import Decimal

from wtforms import BooleanField, StringField
from wtforms.validators import Length, Optional

from stocksite.watchlist.alerts import Levels
from stocksite.web.forms import ExactField, ServiceForm

_STEP = Decimal("0.000001")


class LevelsForm(ServiceForm):
    """Note and levels of one row."""

    note = StringField("Note", [Optional(), Length(max=200, message="At most 200 characters.")])
    above = ExactField("Tell me above", [Optional()], places=6, minimum=_STEP)
    below = ExactField("Tell me below", [Optional()], places=6, minimum=_STEP)
    move_pct = ExactField(
        "Tell me on a day's move of",
        [Optional()],
        places=2,
        minimum=Decimal("0.01"),
        maximum=Decimal(10_000),
    )

    def levels(self) -> Levels:
        """The values, for the service."""
        return Levels(
            (self.note.data or "").strip(), self.above.data, self.below.data, self.move_pct.data
        )


class ChannelsForm(ServiceForm):
    """Where else to be told."""

    by_email = BooleanField("Send me an e-mail")
    webhook_url = StringField(
        "Webhook",
        [Optional(), Length(max=500, message="At most 500 characters.")],
        description="An address of yours that takes a POST with JSON. It has to be public.",
        render_kw={
            "inputmode": "url",
            "autocomplete": "off",
            "spellcheck": "false",
            "maxlength": 500,
            "placeholder": "https://example.com/hook",
        },
    )
