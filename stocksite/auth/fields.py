"""What may be in an account's fields: pure checks, each returning the cleaned value.

They raise ValueError with a sentence; `problems` turns several of them into one InvalidInput.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any, Final
from zoneinfo import available_timezones

from stocksite.core.errors import FieldError, InvalidInput

USERNAME_LENGTH: Final = 40
EMAIL_LENGTH: Final = 254
NAME_LENGTH: Final = 80
THEMES: Final = ("system", "light", "dark")
GAIN_COLORS: Final = ("green", "blue")
SCOPES: Final = ("read", "write")

_USERNAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{2,39}", re.ASCII)
_DELETED: Final = "deleted-"
_NAME_PUNCTUATION: Final = frozenset(" .,'\u2019\u00b7-\u2010()")


def username(value: str) -> str:
    """3 to 40 letters, digits, dots, dashes and underscores; case is kept but does not count.

    ASCII only, so that no two names look the same. No @: a name is public, an address is not.
    """
    if len(value) < 3 or len(value) > USERNAME_LENGTH:
        raise ValueError(f"Use 3 to {USERNAME_LENGTH} characters; this has {len(value)}.")
    if not _USERNAME.fullmatch(value):
        raise ValueError(
            "Use letters, digits, dots, dashes and underscores, beginning with a letter or a digit."
        )
    if value.lower().startswith(_DELETED):
        raise ValueError(f"Names that begin with {_DELETED!r} are kept for closed accounts.")
    return value


def email(value: str) -> str:
    """An address that could exist, its domain in lower case. Nothing is sent to find out."""
    if len(value) > EMAIL_LENGTH:
        raise ValueError(f"Use at most {EMAIL_LENGTH} characters; this has {len(value)}.")
    # Imported by who needs it: its tables of characters are compiled on import.
    from email_validator import EmailNotValidError, validate_email

    try:
        found = validate_email(
            value,
            allow_smtputf8=False,
            check_deliverability=False,
            test_environment=True,  # addresses under .test, which examples and tests use
        )
    except (EmailNotValidError, UnicodeError):
        raise ValueError("This is not an e-mail address. It looks like name@example.com.") from None
    if "." not in found.domain:
        raise ValueError("The part after the @ needs a dot, as in name@example.com.")
    return found.normalized


def personal_name(value: str) -> str:
    """A first or last name in any script, up to 80 characters; may be empty."""
    return _text(value, NAME_LENGTH, allowed=_is_name_char)


def label(value: str) -> str:
    """A name a person gives a thing: 1 to 80 printable characters."""
    text = _text(value, NAME_LENGTH, allowed=_is_label_char)
    if not text:
        raise ValueError("Give it a name, so that you know it again.")
    return text


def one_of(*allowed: str) -> Callable[[str], str]:
    """A check that the value is one of a few words."""

    def check(value: str) -> str:
        if value not in allowed:
            raise ValueError(f"Use one of: {', '.join(allowed)}.")
        return value

    return check


@cache
def time_zones() -> tuple[str, ...]:
    """The zones one can choose: region and city, and UTC. Sorted."""
    regions = ("Africa", "America", "Antarctica", "Asia", "Atlantic", "Australia", "Europe")
    wanted = (*regions, "Indian", "Pacific")
    zones = {zone for zone in available_timezones() if zone.partition("/")[0] in wanted}
    return tuple(sorted(zones | {"UTC"}))


def time_zone(value: str) -> str:
    """A zone of the IANA database, such as Europe/Berlin."""
    if value not in time_zones():
        raise ValueError("This time zone is not known. Use a name like America/New_York.")
    return value


CHECKS: Final[dict[str, Callable[[str], str]]] = {
    "username": username,
    "email": email,
    "first_name": personal_name,
    "last_name": personal_name,
    "time_zone": time_zone,
    "theme": one_of(*THEMES),
    "gain_colors": one_of(*GAIN_COLORS),
}


def clean(
    values: Mapping[str, Any],
    checks: Mapping[str, Callable[[str], str]],
    problems: Iterable[FieldError] = (),
) -> dict[str, str]:
    """Run each value through its check; `problems` are what was found wrong elsewhere.

    Raises InvalidInput that names every field that failed.
    """
    cleaned: dict[str, str] = {}
    problems = list(problems)
    for name, value in values.items():
        try:
            if not isinstance(value, str):
                raise ValueError("This has to be text.")
            cleaned[name] = checks[name](value)
        except ValueError as error:
            problems.append(FieldError(name, str(error)))
    refuse(problems)
    return cleaned


def refuse(problems: list[FieldError]) -> None:
    """Raise InvalidInput for the fields in `problems`; do nothing when there are none."""
    if problems:
        detail = problems[0].detail
        if len(problems) > 1:
            names = ", ".join(problem.field.replace("_", " ") for problem in problems)
            detail = f"{len(problems)} fields need another look: {names}."
        raise InvalidInput(detail, fields=tuple(problems))


def _text(value: str, longest: int, *, allowed: Callable[[str], bool]) -> str:
    if len(value) > longest:
        raise ValueError(f"Use at most {longest} characters; this has {len(value)}.")
    text = unicodedata.normalize("NFC", value).strip()
    wrong = next((char for char in text if not allowed(char)), None)
    if wrong is not None:
        shown = f"“{wrong}”" if wrong.isprintable() else f"U+{ord(wrong):04X}"
        raise ValueError(f"The character {shown} cannot be part of it.")
    if len(text) > longest:  # composed forms may be longer in rare scripts
        raise ValueError(f"Use at most {longest} characters; this has {len(text)}.")
    return text


def _is_name_char(char: str) -> bool:
    return char in _NAME_PUNCTUATION or unicodedata.category(char)[0] in "LMN"


def _is_label_char(char: str) -> bool:
    """Letters, marks, digits, punctuation and plain symbols; no pictures, no controls."""
    category = unicodedata.category(char)
    return char == " " or category[0] in "LMNP" or category in ("Sm", "Sc", "Sk")
