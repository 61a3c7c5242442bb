"""Symbols: one spelling for each, whatever a person or a provider writes."""

from __future__ import annotations

import re

from stocksite.core.errors import InvalidInput

MAX_LENGTH = 20
_SHAPE = re.compile(r"\^?[A-Z0-9]{1,12}(\.[A-Z0-9]{1,4})?", re.ASCII)


def normalize(text: str, *, field: str = "symbol") -> str:
    """The canonical symbol: upper case, class shares with a dot.

    `brk.b`, `BRK-B` and `BRK/B` become `BRK.B`; an index keeps its caret (`^GSPC`), a foreign
    listing its suffix (`005930.KS`). Raises InvalidInput naming `field` for anything else.
    """
    raw = text.strip(" \t\r\n") if isinstance(text, str) else ""
    if not raw:
        raise InvalidInput.of_field(field, "Enter a symbol, like AAPL.")
    if len(raw) > MAX_LENGTH:
        raise InvalidInput.of_field(
            field, f"A symbol has at most {MAX_LENGTH} characters; this has {len(raw)}."
        )
    # upper() would turn some foreign letters into Latin ones, so ASCII is asked for first.
    candidate = raw.upper().replace("-", ".").replace("/", ".") if raw.isascii() else ""
    if not _SHAPE.fullmatch(candidate):
        raise InvalidInput.of_field(
            field,
            "A symbol has letters and digits, and a dot before a share class, like AAPL or BRK.B.",
        )
    return candidate
