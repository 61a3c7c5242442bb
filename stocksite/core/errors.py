"""The one error taxonomy. Services raise these; `web/problems.py` renders them three ways.

Every message says what happened, with the numbers, and what to do about it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar


@dataclass(frozen=True)
class FieldError:
    """What is wrong with one field of a form or a JSON body."""

    field: str
    detail: str


class DomainError(Exception):
    """Base of everything a person can be told.

    `detail` is a sentence for people, `code` a stable word for programs, `members` the numbers
    behind the sentence (they become members of the problem document), `fields` the failed fields.
    """

    status: ClassVar[int] = 500
    title: ClassVar[str] = "Something went wrong"
    default_code: ClassVar[str] = "error"

    def __init__(
        self,
        detail: str,
        *,
        code: str | None = None,
        members: dict[str, Any] | None = None,
        fields: tuple[FieldError, ...] = (),
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code or self.default_code
        self.members = members or {}
        self.fields = fields

    @classmethod
    def of_field(cls, field: str, detail: str, *, code: str | None = None) -> DomainError:
        """An error about one field, its sentence doubling as the message."""
        return cls(detail, code=code, fields=(FieldError(field, detail),))


class BadRequest(DomainError):
    """The request cannot be read: broken JSON, an unknown field, an unknown filter value."""

    status = 400
    title = "The request could not be read"
    default_code = "bad-request"


class Unauthenticated(DomainError):
    """Nobody is logged in, or the token is not valid (any more)."""

    status = 401
    title = "Log in first"
    default_code = "not-authenticated"


class NotFound(DomainError):
    """There is no such thing, or the actor does not own it: the two look the same on purpose."""

    status = 404
    title = "Not found"
    default_code = "not-found"


class Conflict(DomainError):
    """The thing has moved on: a final order cannot be canceled, a name is taken."""

    status = 409
    title = "That is no longer possible"
    default_code = "conflict"


class InvalidInput(DomainError):
    """A value is readable but wrong."""

    status = 422
    title = "Some of the input is not valid"
    default_code = "invalid-input"


class RuleViolation(DomainError):
    """The input is fine; a rule of the market or the ledger forbids it. Carries its numbers."""

    status = 422
    title = "The rules do not allow it"
    default_code = "rule-violation"


class TooManyRequests(DomainError):
    """A limit was reached; `retry_after_s` says when to come back."""

    status = 429
    title = "Too many requests"
    default_code = "too-many-requests"

    def __init__(self, detail: str, *, retry_after_s: int, code: str | None = None) -> None:
        super().__init__(detail, code=code, members={"retry_after": retry_after_s})
        self.retry_after_s = retry_after_s


class ProviderUnavailable(DomainError):
    """A price source, the queue or the database is out of reach for now."""

    status = 503
    title = "Not available right now"
    default_code = "unavailable"
