"""The settings in force, without their secrets: pure functions over `Settings`."""

from __future__ import annotations

from dataclasses import MISSING, Field, fields
from decimal import Decimal
from typing import Any, Final

from stocksite.admin.reading import SettingLine
from stocksite.settings import Settings

HIDDEN: Final = "•••"
UNSET: Final = "not set"


def lines(settings: Settings) -> tuple[SettingLine, ...]:
    """Every setting by its environment variable's name, in the order they are declared."""
    return tuple(_line(settings, each) for each in fields(settings))


def _line(settings: Settings, each: Field[Any]) -> SettingLine:
    secret = not each.repr
    show = (_masked_url if each.name.endswith("_url") else _masked) if secret else _plain
    default = each.default if each.default is not MISSING else None
    return SettingLine(each.name.upper(), show(getattr(settings, each.name)), show(default), secret)


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or UNSET
    if isinstance(value, (float, Decimal)):
        return f"{Decimal(str(value)).normalize():f}"  # 2 and 2.0 are the same setting
    return UNSET if value in (None, "") else str(value)


def _masked(value: Any) -> str:
    """Whether there is one and how long it is: enough to find a truncated key."""
    if isinstance(value, tuple):
        return f"set ({len(value)})" if value else UNSET
    return f"set ({len(value)} characters)" if value else UNSET


def _masked_url(value: str | None) -> str:
    """Where it leads, without the password and without the query, which may hold one too.

    A name that stands alone may be a key (`smtp://KEY@host`), and a password may hold any
    character, so everything up to the last @ is credentials and nothing else.
    """
    if not value:
        return UNSET
    scheme, found, rest = value.partition("://")
    credentials, at, place = rest.rpartition("@")
    if not found or "?" in credentials or "#" in credentials:  # who could say where they end?
        return f"set ({len(value)} characters)"
    name, colon, _ = credentials.partition(":")
    who = f"{name}:{HIDDEN}" if colon else HIDDEN if at else ""
    place, query, _ = place.partition("?")
    return f"{scheme}://{who}{at}{place}{query and '?' + HIDDEN}"
