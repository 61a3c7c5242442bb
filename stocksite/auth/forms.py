"""What the pages of this room ask for. The services judge the values; forms only shape them."""

from __future__ import annotations

from typing import Any

from wtforms import BooleanField, EmailField, PasswordField, RadioField, SelectField, StringField
from wtforms.validators import InputRequired

from stocksite.auth import fields, passwords
from stocksite.web.forms import ServiceForm, choices


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


def _trimmed(value: str | None) -> str:
    return (value or "").strip()


_NEW_PASSWORD_HELP = (
    f"At least {passwords.MIN_LENGTH} characters. Length is what counts: a few unrelated words "
    "are easier to remember and harder to guess than symbols."
)


class RegisterForm(ServiceForm):
    """A new account."""

    username = _username(description="3 to 40 letters, digits, dots, dashes or underscores.")
    email = _email()
    password = _password("Password", "Choose a password.", "new-password", _NEW_PASSWORD_HELP)


class LoginForm(ServiceForm):
    """Username and password."""

    username = _username()
    password = _password("Password", "Enter your password.", "current-password")


def _name(label: str, autocomplete: str) -> StringField:
    return StringField(
        label,
        filters=[_trimmed],
        render_kw={"autocomplete": autocomplete, "maxlength": fields.NAME_LENGTH},
    )


class ProfileForm(ServiceForm):
    """What a person may change about their account."""

    username = _username(description="You log in with it.")
    email = _email()
    first_name = _name("First name", "given-name")
    last_name = _name("Last name", "family-name")
    time_zone = SelectField(
        "Time zone",
        choices=lambda: choices(*((zone, zone.replace("_", " ")) for zone in fields.time_zones())),
        description="For times beside the market's own, which are New York's.",
    )
    theme = RadioField(
        "Theme", choices=choices(("system", "System"), ("light", "Light"), ("dark", "Dark"))
    )
    gain_colors = RadioField(
        "Gain and loss", choices=choices(("green", "Green, red"), ("blue", "Blue, orange"))
    )


class PasswordForm(ServiceForm):
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


class TokenForm(ServiceForm):
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
        choices=choices(("read", "Read"), ("write", "Read and change")),
        default="write",
    )
    expires_in_days = SelectField(
        "Expires",
        choices=choices(
            ("30", "In 30 days"), ("90", "In 90 days"), ("365", "In a year"), ("", "Never")
        ),
        default="90",
    )


class DeleteForm(ServiceForm):
    """The end of an account: password, and the username typed."""

    password = _password("Password", "Enter your password.", "current-password")
    confirm = StringField(
        "Username",
        [InputRequired("Type your username to confirm.")],
        filters=[_trimmed],
        render_kw={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"},
    )
