"""Types of JSON fields which the services judge, in sentences."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import WithJsonSchema

from stocksite.auth import fields, passwords


def text_like(longest: int, shortest: int = 0, **schema: Any) -> Any:
    """Document a text; the service judges it, in sentences."""
    limits = {"type": "string", "minLength": shortest, "maxLength": longest}
    return Annotated[str, WithJsonSchema({**limits, **schema})]


UsernameIn = text_like(
    fields.USERNAME_LENGTH, 3, pattern="^[A-Za-z0-9][A-Za-z0-9_.-]+$", examples=["ada"]
)
EmailIn = text_like(fields.EMAIL_LENGTH, 3, format="email", examples=["ada@example.com"])
PasswordIn = text_like(
    passwords.MAX_LENGTH, passwords.MIN_LENGTH, examples=["four unrelated small words"]
)
NameIn = text_like(fields.NAME_LENGTH, examples=["Ada"])
ZoneIn = text_like(60, 3, examples=["Europe/Berlin"])
AnyPasswordIn = text_like(passwords.MAX_LENGTH, 1)
LabelIn = text_like(fields.NAME_LENGTH, 1, examples=["notebook"])
