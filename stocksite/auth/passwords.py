"""Passwords: what is accepted, and how it is kept (argon2id, never the text itself).

The rules follow OWASP ASVS 5.0: length counts, composition does not, nothing is cut off, and what
everybody tries first is refused. The parameters are the lightest its table 11.4.2 allows
(t=2, 19 MiB, p=1: about 16 ms), so that a burst of logins does not fill a small machine.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

MIN_LENGTH: Final = 8
MAX_LENGTH: Final = 128
_SITE_WORD: Final = "stocksite"
_SHORTEST_CONTEXT_WORD: Final = 4

_hasher = PasswordHasher(
    time_cost=2, memory_cost=19_456, parallelism=1, hash_len=32, salt_len=16, encoding="utf-8"
)


def _never_matching_hash() -> str:
    """A well-formed hash of nothing: verifying against it takes as long as against a real one."""
    salt, digest = (base64.b64encode(bytes(size)).decode().rstrip("=") for size in (16, 32))
    cost = f"m={_hasher.memory_cost},t={_hasher.time_cost},p={_hasher.parallelism}"
    return f"$argon2id$v=19${cost}${salt}${digest}"


_NEVER: Final = _never_matching_hash()


def hash_password(password: str) -> str:
    """The argon2id hash to store, parameters and salt included."""
    return _hasher.hash(password)


def matches(password: str, stored: str | None) -> bool:
    """Whether `password` is the one behind `stored`; as slow for an unknown account (None).

    A password that could never have been set (too long, not encodable) is compared with nothing,
    at the same cost, so the time of the answer says nothing about the account.
    """
    possible = _encodable(password)
    try:
        return _hasher.verify(
            stored if stored and possible else _NEVER, password if possible else ""
        )
    except (VerificationError, InvalidHashError):
        return False


def needs_rehash(stored: str) -> bool:
    """Whether the hash was made with other parameters than today's."""
    return _hasher.check_needs_rehash(stored)


def objection(password: str, context: Iterable[str] = ()) -> str | None:
    """Why this password is refused, as a sentence; None when it is fine.

    `context` holds words that belong to the person: username and e-mail address.
    """
    if len(password) < MIN_LENGTH:
        return f"Use at least {MIN_LENGTH} characters; this has {len(password)}."
    if len(password) > MAX_LENGTH:
        return f"Use at most {MAX_LENGTH} characters; this has {len(password)}."
    if not _encodable(password) or any(char < " " or char == "\x7f" for char in password):
        return "This has characters that cannot be typed, such as control characters."
    folded = password.casefold()
    if folded in common_passwords():
        return "This is one of the passwords that are tried first. Choose one that is only yours."
    if len(_without(folded, context)) < MIN_LENGTH:
        return (
            "This is little more than your username, your e-mail address or the name of this "
            f"site. Leave those out, or add {MIN_LENGTH} other characters."
        )
    return None


@cache
def common_passwords() -> frozenset[str]:
    """The 11,611 most common passwords that are long enough, in lower case."""
    text = files("stocksite.auth").joinpath("data/common-passwords.txt").read_text("utf-8")
    return frozenset(text.splitlines())


def _without(folded: str, context: Iterable[str]) -> str:
    """What is left of a password when the words anybody would guess are taken out."""
    words = {_SITE_WORD}
    for text in context:
        words |= {text.casefold(), text.casefold().partition("@")[0]}
    for word in sorted(words, key=len, reverse=True):
        if len(word) >= _SHORTEST_CONTEXT_WORD:
            folded = folded.replace(word, "")
    return folded


def _encodable(text: str) -> bool:
    """Whether the text is real Unicode: a lone surrogate is not."""
    if len(text) > MAX_LENGTH:
        return False
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
