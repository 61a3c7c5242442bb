"""Where to go after logging in: a path of this site, and nothing a link in a mail made up."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

_LONGEST: Final = 2_000


def safe_next(target: str | None) -> str | None:
    """`target` when it is a path on this site (`/x?y`), else None.

    Refused: other origins, `//host`, backslashes (browsers read them as slashes), control
    characters and spaces (browsers drop some of them), anything but printable ASCII.
    """
    if not target or len(target) > _LONGEST or not target.startswith("/"):
        return None
    if target.startswith("//") or "\\" in target:
        return None
    if any(not "!" <= char <= "~" for char in target):
        return None
    try:
        parts = urlsplit(target)
    except ValueError:
        return None
    return None if parts.scheme or parts.netloc else target
