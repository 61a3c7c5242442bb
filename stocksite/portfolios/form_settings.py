"""Settings of a portfolio that decide what its figures are and who sees them."""

from __future__ import annotations

from typing import Any, Final

from wtforms import BooleanField, SelectField, StringField

from stocksite.web.forms import choices

FRACTIONS: Final = (
    ("keep", "Stay as fractions of a share"),
    ("cash", "Are paid out at the last close"),
)


def trimmed(value: str | None) -> str:
    """A filter: text without blanks around it."""
    return (value or "").strip()


def in_capitals(value: str | None) -> str:
    """A filter: a symbol as it is written."""
    return trimmed(value).upper()


class MeasuredBy:
    """The fields, for forms to inherit."""

    benchmark = StringField(
        "Benchmark",
        filters=[in_capitals],
        render_kw={"maxlength": 20, "autocapitalize": "characters", "autocomplete": "off"},
        description="A stock to measure against, like IBM, dividends included.",
    )
    fractions = SelectField(
        "After a split, parts of a share", choices=choices(*FRACTIONS), default="keep"
    )
    public = BooleanField(
        "Show on the leaderboard",
        description="Everybody here sees your username, the portfolio’s name, its return and its "
        "drawdown; never its money or its stocks.",
    )

    def measured_by(self) -> dict[str, Any]:
        """The values, for the service. A form that was sent without them changes none of them."""
        if not self.fractions.raw_data:
            return {}
        return {
            "benchmark": self.benchmark.data or None,
            "fractions": self.fractions.data,
            "public": bool(self.public.data),
        }
