"""What the pages of this room ask for. The services judge the values; forms only shape them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask_wtf import FlaskForm
from wtforms import BooleanField, EmailField, PasswordField, RadioField, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired

from stocksite.auth import fields, passwords
from stocksite.core.errors import DomainError


class AccountForm(FlaskForm):
    """Base: CSRF is checked for the whole site, and a service's objections land on the fields."""

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


def _password(label: str, message: str, autocomplete: str, help_text: str = "") -> PasswordField:
    return PasswordField(
        label,
        [InputRequired(message)],
        description=help_text,
        render_kw={"autocomplete": autocomplete, "maxlength": passwords.MAX_LENGTH},
    )


def _username(**attributes: Any) -> StringField:
    return StringField(
        "Username",
        [InputRequired("Enter a username.")],
        filters=[_trimmed],
        render_kw={
            "autocomplete": "username",
            "autocapitalize": "none",
            "spellcheck": "false",
            "maxlength": fields.USERNAME_LENGTH,
        },
        **attributes,
    )


def _email() -> EmailField:
    return EmailField(
        "E-mail address",
        [InputRequired("Enter an e-mail address.")],
        filters=[_trimmed],
        render_kw={"autocomplete": "email", "maxlength": fields.EMAIL_LENGTH},
        description="Only you see it. Nothing is sent to it unless you ask.",
    )


def _choices(pairs: Iterable[tuple[str, str]]) -> list[SelectChoice]:
    return [SelectChoice(value, label) for value, label in pairs]


def _trimmed(value: str | None) -> str:
    return (value or "").strip()


_NEW_PASSWORD_HELP = (
    f"At least {passwords.MIN_LENGTH} characters. Length is what counts: a few unrelated words "
    "are easier to remember and harder to guess than symbols."
)


class RegisterForm(AccountForm):
    """A new account."""

    username = _username(description="3 to 40 letters, digits, dots, dashes or underscores.")
    email = _email()
    password = _password("Password", "Choose a password.", "new-password", _NEW_PASSWORD_HELP)


class LoginForm(AccountForm):
    """Username and password."""

    username = _username()
    password = _password("Password", "Enter your password.", "current-password")


def _name(label: str, autocomplete: str) -> StringField:
    return StringField(
        label,
        filters=[_trimmed],
        render_kw={"autocomplete": autocomplete, "maxlength": fields.NAME_LENGTH},
    )


class ProfileForm(AccountForm):
    """What a person may change about their account."""

    username = _username(description="You log in with it.")
    email = _email()
    first_name = _name("First name", "given-name")
    last_name = _name("Last name", "family-name")
    time_zone = SelectField(
        "Time zone",
        choices=lambda: _choices((zone, zone.replace("_", " ")) for zone in fields.time_zones()),
        description="For times beside the market's own, which are New York's.",
    )
    theme = RadioField(
        "Theme", choices=_choices((("system", "System"), ("light", "Light"), ("dark", "Dark")))
    )
    gain_colors = RadioField(
        "Gain and loss", choices=_choices((("green", "Green, red"), ("blue", "Blue, orange")))
    )


class PasswordForm(AccountForm):
    """Current and new password."""

    current_password = _password(
        "Current password", "Enter your current password.", "current-password"
    )
    new_password = _password(
        "New password", "Choose a password.", "new-password", _NEW_PASSWORD_HELP
    )
    revoke_tokens = BooleanField(
        "Revoke my API tokens too",
        description="Choose this if somebody else may know your password.",
    )


class TokenForm(AccountForm):
    """A new personal token."""

    name = StringField(
        "Name",
        [InputRequired("Give it a name, so that you know it again.")],
        filters=[_trimmed],
        render_kw={"autocomplete": "off", "maxlength": fields.NAME_LENGTH},
        description="What it is for, such as “notebook” or “phone shortcut”.",
    )
    scope = RadioField(
        "It may",
        choices=_choices((("read", "Read"), ("write", "Read and change"))),
        default="write",
    )
    expires_in_days = SelectField(
        "Expires",
        choices=_choices(
            (("30", "In 30 days"), ("90", "In 90 days"), ("365", "In a year"), ("", "Never"))
        ),
        default="90",
    )


class DeleteForm(AccountForm):
    """The end of an account: password, and the username typed."""

    password = _password("Password", "Enter your password.", "current-password")
    confirm = StringField(
        "Username",
        [InputRequired("Type your username to confirm.")],
        filters=[_trimmed],
        render_kw={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"},
    )
