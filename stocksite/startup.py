"""What a production site must not start with, each with the way to mend it."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address
from typing import Final

from stocksite.settings import Settings, SettingsError

SHORTEST: Final = 32
FEWEST: Final = 10
"""Different characters in a key: `aaaa…` and `0123012301230…` are long and known."""
_SAMPLES: Final = ("changeme", "change-me", "change_me", "replace-me", "your-secret", "insecure")
MAKE_ONE: Final = 'Make one: python -c "import secrets; print(secrets.token_urlsafe(48))"'


def check(settings: Settings, *, debug: bool) -> None:
    """Refuse to start a production site that is not safe. Raises SettingsError with every reason.

    Development and tests may do what they like.
    """
    if not settings.production:
        return
    reasons = list(objections(settings, debug=debug))
    if reasons:
        raise SettingsError(" ".join(reasons))


def objections(settings: Settings, *, debug: bool) -> Iterator[str]:
    """A sentence or two for each thing that is wrong: what, and how to mend it."""
    for name, key in (("SECRET_KEY", settings.secret_key), ("JWT_KEY", settings.jwt_key)):
        reason = _weakness(key)
        if reason:
            yield f"{name} {reason}. {MAKE_ONE}"
    if settings.secret_key and settings.secret_key == settings.jwt_key:
        yield f"JWT_KEY equals SECRET_KEY: one that leaks would give both away. {MAKE_ONE}"
    if debug:
        yield (
            "Debug is on: an error would let every visitor run code here. Unset FLASK_DEBUG (and "
            "leave --debug out), or set APP_ENV=development."
        )
    if settings.demo and is_public(settings):
        where = ", ".join(settings.trusted_hosts) or "any host, because TRUSTED_HOSTS is empty"
        yield (
            "The demo account, whose password everybody knows, would be open to the public: DEMO "
            f"is on and the site answers to {where}. Set DEMO=0, or TRUSTED_HOSTS=localhost."
        )


def _weakness(key: str) -> str | None:
    if not key:
        return "is not set; production does not make keys up, or each process would have its own"
    if len(key) < SHORTEST:
        return f"has {len(key)} characters; production needs at least {SHORTEST}"
    if len(set(key)) < FEWEST:
        return f"has only {len(set(key))} different characters; production needs {FEWEST}"
    if any(word in key.lower() for word in _SAMPLES):
        return "looks like an example from a manual, which others know too"
    return None


def is_public(settings: Settings) -> bool:
    """Whether the site answers to a name that is not this machine's own; without a list, to all."""
    return not settings.trusted_hosts or not all(map(_is_local, settings.trusted_hosts))


def _is_local(host: str) -> bool:
    name = host.rsplit(":", 1)[0] if host.count(":") == 1 else host.strip("[]")
    if name in ("localhost", ".localhost") or name.endswith(".localhost"):
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False
