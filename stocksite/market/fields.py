"""What queries about stocks are made of, beside `web/fields.py`."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

from stocksite.core.errors import InvalidInput
from stocksite.market.symbols import normalize
from stocksite.web.fields import SymbolIn, refuse


def _ticker(text: str) -> str:
    try:
        return normalize(text)
    except InvalidInput as error:
        raise refuse(error.detail) from None


TickerIn = Annotated[SymbolIn, AfterValidator(_ticker)]
"""A symbol to filter by, in its one spelling; what can be no symbol is a wrong parameter."""
