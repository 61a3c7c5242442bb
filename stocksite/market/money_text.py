"""Amounts and percentages as web pages write them: `$3.52T`, `HK$121.94B`, `NT$1,234M`, `-1.53%`.

A sign alone does not name a currency: `¥` is yen or yuan, `$` one of many dollars. The country of
the listing decides, and where it cannot, there is no amount rather than a wrong one.
"""

from __future__ import annotations

import re
from decimal import Decimal

from stocksite.market.providers.base import Money

_AMOUNT = re.compile(
    r"(?P<before>[^\d\s.,+-]{0,4})\s*(?P<number>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d{1,15}(?:\.\d+)?)"
    r"\s*(?P<scale>[KMBT]?)\s*(?P<after>[^\d\s.,]{0,4})",
    re.IGNORECASE,
)
_PERCENT = re.compile(r"(?P<sign>[+\-−–]?)(?P<number>[\d,]{1,12}(?:\.\d{1,30})?)\s*%")
_SCALES = {"": 0, "K": 3, "M": 6, "B": 9, "T": 12}

_BY_SIGN = {
    "HK$": "HKD", "NT$": "TWD", "US$": "USD", "A$": "AUD", "AU$": "AUD", "C$": "CAD",
    "CA$": "CAD", "S$": "SGD", "NZ$": "NZD", "R$": "BRL", "MX$": "MXN", "€": "EUR", "£": "GBP",
    "₩": "KRW", "₹": "INR", "₽": "RUB", "₺": "TRY", "฿": "THB", "₪": "ILS", "₱": "PHP",
    "₫": "VND", "₴": "UAH", "₦": "NGN", "RM": "MYR", "RP": "IDR", "ZŁ": "PLN", "KČ": "CZK",
    "FT": "HUF", "FR": "CHF", "FR.": "CHF", "CN¥": "CNY", "JP¥": "JPY",
}  # fmt: skip
_BY_COUNTRY = {
    "": "USD", "us": "USD", "hk": "HKD", "tw": "TWD", "kr": "KRW", "jp": "JPY", "cn": "CNY",
    "in": "INR", "uk": "GBP", "gb": "GBP", "xe": "EUR", "de": "EUR", "fr": "EUR", "nl": "EUR",
    "it": "EUR", "es": "EUR", "be": "EUR", "fi": "EUR", "at": "EUR", "ie": "EUR", "pt": "EUR",
    "ch": "CHF", "ca": "CAD", "au": "AUD", "nz": "NZD", "sg": "SGD", "br": "BRL", "mx": "MXN",
    "se": "SEK", "no": "NOK", "dk": "DKK", "pl": "PLN", "tr": "TRY", "th": "THB", "my": "MYR",
    "id": "IDR", "ph": "PHP", "za": "ZAR", "il": "ILS", "ru": "RUB",
}  # fmt: skip
_DOLLARS = {"USD", "HKD", "TWD", "CAD", "AUD", "NZD", "SGD", "MXN"}
_YEN_OR_YUAN = {"JPY", "CNY"}
_CROWNS = {"SEK", "NOK", "DKK"}


def parse_money(text: str, country: str = "") -> Money | None:
    """An amount such as `HK$121.94B`, exactly; None for `N/A`, `-`, blank and what is ambiguous.

    `country` is the listing's country code (`hk`, `jp`, `xe` for Xetra), empty for the US.
    """
    found = _AMOUNT.fullmatch(" ".join(text.split()))
    if found is None:
        return None
    sign = found["before"] or found["after"]
    if found["before"] and found["after"]:
        return None
    currency = _currency(sign.strip().upper().replace("￥", "¥"), country.strip().lower())
    if currency is None:
        return None
    number = Decimal(found["number"].replace(",", ""))
    return Money(currency, number.scaleb(_SCALES[found["scale"].upper()]))


def _currency(sign: str, country: str) -> str | None:
    home = _BY_COUNTRY.get(country)
    if sign in _BY_SIGN:
        return _BY_SIGN[sign]
    if sign == "$":
        return home if home in _DOLLARS else ("USD" if not country else None)
    if sign == "¥":
        return home if home in _YEN_OR_YUAN else None
    if sign == "KR":
        return home if home in _CROWNS else None
    if sign == "R":
        return "ZAR"
    if sign in _BY_COUNTRY.values():
        return sign
    return home if not sign and country else None


def parse_percent(text: str, *, negative: bool | None = None) -> Decimal | None:
    """Percent points from `-1,234.5%`; None for what is none.

    `negative` says what the colour says, for text that carries no sign.
    """
    found = _PERCENT.fullmatch("".join(text.split()))
    if found is None or not found["number"].replace(",", "")[:1].isdigit():
        return None
    value = Decimal(found["number"].replace(",", ""))
    minus = found["sign"] in ("-", "−", "–") or (not found["sign"] and negative is True)
    return -value if minus and value else value
