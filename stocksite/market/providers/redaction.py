"""Keeping API keys out of everything that a person or a log can read.

A key lives in a `Secret`, which registers itself here; `redact` then removes it, in any of its
spellings, from whatever text passes. Patterns catch keys that were never registered: a provider
that echoes one, or a URL that somebody logs.
"""

from __future__ import annotations

import hashlib
import logging
import re
from typing import Any, NoReturn
from urllib.parse import quote, quote_plus

HIDDEN = "[key]"
_SHORTEST = 6
"""Shorter words (such as `demo`) are no secrets; hiding them would only mangle texts."""

_known: set[str] = set()
_PATTERNS = (
    re.compile(r"((?:api_?key|access_?token|token|crumb)=)[^&\s\"'<>]+", re.IGNORECASE),
    re.compile(r"(Bearer\s+)[^\s\"',;]+", re.IGNORECASE),
    re.compile(r"(API key as\s+)\S+", re.IGNORECASE),
)


class Secret:
    """A key that shows itself only to `reveal()`."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value
        if len(value) >= _SHORTEST:
            _known.update({value, quote(value, safe=""), quote_plus(value)})

    def reveal(self) -> str:
        """The key itself, for the request that needs it."""
        return self._value

    @property
    def digest(self) -> str:
        """Twelve hexadecimal digits that tell keys apart without telling them."""
        return hashlib.sha256(self._value.encode()).hexdigest()[:12]

    def __repr__(self) -> str:
        return f"Secret({HIDDEN})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not written anywhere")


def redact(text: str) -> str:
    """The text without any key."""
    for secret in sorted(_known, key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    for pattern in _PATTERNS:
        text = pattern.sub(rf"\1{HIDDEN}", text)
    return text


class RedactingFilter(logging.Filter):
    """Rewrites a log record so that no key leaves through it."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Always keep the record, without keys."""
        _clean(record)
        return True


def _clean(record: logging.LogRecord) -> None:
    said = record.getMessage()
    clean = redact(said)
    if clean != said:
        record.msg, record.args = clean, None
    if record.exc_info and record.exc_info[0] is not None and not record.exc_text:
        told = logging.Formatter().formatException(record.exc_info)
        if redact(told) != told:
            # Handlers print this text in place of the traceback.
            record.exc_text = redact(told)


def guard_logs() -> None:
    """From now on no record of this process holds a key, whoever logs it and wherever it goes.

    Made where records are made: loggers with handlers of their own (gunicorn's, Flask's) would
    pass by a filter on the root's handlers.
    """
    made = logging.getLogRecordFactory()
    if getattr(made, "guards_keys", False):
        return

    def guarded(*args: Any, **kwargs: Any) -> logging.LogRecord:
        record = made(*args, **kwargs)
        _clean(record)
        return record

    guarded.guards_keys = True  # type: ignore[attr-defined]
    logging.setLogRecordFactory(guarded)


# The HTTP library logs each request line, query and all, when somebody turns debugging on.
for _name in ("urllib3.connectionpool", "urllib3.util.retry", "requests"):
    logging.getLogger(_name).addFilter(RedactingFilter())
