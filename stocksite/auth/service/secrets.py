"""Random secrets and the digests that are stored instead of them."""

from __future__ import annotations

import hashlib
import secrets
from typing import Final

TOKEN_MARK: Final = "ss_"
_VISIBLE: Final = 8
_ALPHABET: Final = "abcdefghijkmnpqrstuvwxyz23456789"  # nothing that looks like another letter


def new_sid() -> str:
    """256 random bits for a session cookie."""
    return secrets.token_urlsafe(32)


def new_token() -> tuple[str, str]:
    """A personal token and its visible beginning: `ss_` + 8 characters, then 256 random bits."""
    prefix = TOKEN_MARK + "".join(secrets.choice(_ALPHABET) for _ in range(_VISIBLE))
    return prefix + secrets.token_urlsafe(32), prefix


def digest(secret: str) -> str:
    """SHA-256 in hex: enough for secrets that are random (ASVS 6.5.2), and fast to look up."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
