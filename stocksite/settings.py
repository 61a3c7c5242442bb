"""Every setting, read once. `Settings.from_env()` is the only reader of the environment.

Each field's name in upper case is the environment variable; `.env` in the working folder serves
as a default for what the environment leaves open, and what is secret may lie in a file instead
(`SECRET_KEY_FILE=/run/secrets/key`). A wrong value is told in one sentence.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from dotenv import dotenv_values


class SettingsError(Exception):
    """A setting is missing or wrong; the message names it and the way out."""


SECRETS = (
    *("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "SECRET_KEY_FALLBACKS", "JWT_KEY", "SMTP_URL"),
    *("ALPHA_VANTAGE_API_KEY", "MASSIVE_API_KEY", "POLYGON_API_KEY"),
)
"""Settings that are read from the file that `<NAME>_FILE` names where `<NAME>` is empty."""

_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off"}


@dataclass(frozen=True)
class Settings:
    """The whole configuration, immutable. Build it with `from_env`; tests with the constructor."""

    app_env: str = "development"
    database_url: str | None = field(default=None, repr=False)
    redis_url: str | None = field(default=None, repr=False)
    secret_key: str = field(default="", repr=False)
    secret_key_fallbacks: tuple[str, ...] = field(default=(), repr=False)
    """Former secret keys: what they signed is still believed."""
    jwt_key: str = field(default="", repr=False)
    trusted_hosts: tuple[str, ...] = ()
    cors_origins: tuple[str, ...] = ()
    page_size: int = 50
    smtp_url: str | None = field(default=None, repr=False)
    port: int = 8000
    data_dir: Path = Path("instance")
    market: str = "sample"
    replay_start: date = date(2009, 1, 2)
    replay_speed: float = 390.0
    """Market seconds per real second while the market is open: 390 is one session a minute."""
    demo: bool = True
    event_threshold_pct: Decimal = Decimal(2)
    """A move against the previous close of at least this many percent is a significant event."""
    alpha_vantage_api_key: str | None = field(default=None, repr=False)
    massive_api_key: str | None = field(default=None, repr=False)
    yahoo_enabled: bool = False
    alpha_vantage_base_url: str = "https://www.alphavantage.co"
    massive_base_url: str = "https://api.massive.com"
    yahoo_base_url: str = "https://query1.finance.yahoo.com"
    marketwatch_base_url: str = "https://www.marketwatch.com"
    alpha_vantage_limits: str = "25/day 1/second"
    """Requests per window: an amount, `/`, and second, minute, hour, day or seconds."""
    massive_limits: str = "5/minute"
    yahoo_limits: str = "30/minute 1000/day"
    marketwatch_limits: str = "4/minute 200/day"

    @property
    def production(self) -> bool:
        """Whether the strict start-up checks apply."""
        return self.app_env == "production"

    @property
    def sample_market(self) -> bool:
        """Whether real history is replayed instead of fetching today's prices."""
        return self.market == "sample"

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None) -> Settings:
        """Read the environment (and `.env`). Raises SettingsError naming the wrong setting."""
        if env is None:
            env = {k: v for k, v in dotenv_values(".env").items() if v is not None} | os.environ
        env = {**env, **_from_files(env)}
        keys = bool(env.get("ALPHA_VANTAGE_API_KEY") or _massive_key(env))
        app_env = _choice(env, "APP_ENV", ("development", "production", "test"), "development")
        market = _choice(env, "MARKET", ("sample", "live"), "live" if keys else "sample")
        known = {
            "app_env": app_env,
            "market": market,
            "database_url": _database_url(env.get("DATABASE_URL") or None),
            "redis_url": _redis_url(env.get("REDIS_URL") or None, on_heroku="DYNO" in env),
            "secret_key_fallbacks": _words(env, "SECRET_KEY_FALLBACKS"),
            "trusted_hosts": _words(env, "TRUSTED_HOSTS"),
            "cors_origins": _words(env, "CORS_ORIGINS"),
            "page_size": int(_number(env, "PAGE_SIZE", 50, 1, 200)),
            "port": int(_number(env, "PORT", 8000, 0, 65535)),
            "data_dir": Path(env.get("DATA_DIR") or "instance").expanduser(),
            "replay_start": _date(env, "REPLAY_START", date(2009, 1, 2)),
            "replay_speed": _number(env, "REPLAY_SPEED", 390.0, 0.1, 100_000.0),
            "demo": _flag(env, "DEMO", app_env == "development" and market == "sample"),
            "event_threshold_pct": Decimal(
                str(_number(env, "EVENT_THRESHOLD_PCT", 2.0, 0.01, 1000.0))
            ),
            "massive_api_key": _massive_key(env),
            "yahoo_enabled": _flag(env, "YAHOO_ENABLED", False),
        }
        plain = {
            f.name: env[f.name.upper()]
            for f in fields(cls)
            if f.name not in known and env.get(f.name.upper())
        }
        return cls(**known, **plain)  # type: ignore[arg-type]


def _from_files(env: Mapping[str, str]) -> dict[str, str]:
    """The secrets that lie in files, as Docker and Kubernetes hand them out."""
    found = {}
    for name in SECRETS:
        path = env.get(f"{name}_FILE")
        if path and not env.get(name):
            try:
                found[name] = Path(path).read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                reason = getattr(error, "strerror", None) or "it is not text"
                raise SettingsError(
                    f"{name}_FILE names {path}, which cannot be read ({reason}). Put the value "
                    f"there, or set {name} itself."
                ) from None
    return found


def _massive_key(env: Mapping[str, str]) -> str | None:
    return env.get("MASSIVE_API_KEY") or env.get("POLYGON_API_KEY") or None


def _choice(env: Mapping[str, str], name: str, allowed: tuple[str, ...], default: str) -> str:
    value = (env.get(name) or default).strip().lower()
    if value not in allowed:
        raise SettingsError(f"{name} is {value!r}; use one of: {', '.join(allowed)}.")
    return value


def _words(env: Mapping[str, str], name: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in (env.get(name) or "").split(",") if word.strip())


def _number(env: Mapping[str, str], name: str, default: float, low: float, high: float) -> float:
    text = env.get(name)
    if not text:
        return default
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not low <= value <= high:
        raise SettingsError(f"{name} is {text!r}; use a number from {low:g} to {high:g}.")
    return value


def _date(env: Mapping[str, str], name: str, default: date) -> date:
    text = env.get(name)
    if not text:
        return default
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise SettingsError(f"{name} is {text!r}; use a date like {default}.") from None


def _flag(env: Mapping[str, str], name: str, default: bool) -> bool:
    text = env.get(name)
    if not text:
        return default
    word = text.strip().lower()
    if word in _TRUE or word in _FALSE:
        return word in _TRUE
    raise SettingsError(f"{name} is {text!r}; use 1 or 0.")


def _database_url(url: str | None) -> str | None:
    """Name the driver: bare `postgresql://` loads psycopg 3, Heroku's `postgres://` nothing."""
    if not url:
        return None
    parts = urlsplit(url)
    if parts.scheme in {"postgres", "postgresql", "postgresql+psycopg2"}:
        return urlunsplit(parts._replace(scheme="postgresql+psycopg2"))
    raise SettingsError(
        f"DATABASE_URL has the scheme {parts.scheme!r}; stocksite keeps its ledger in PostgreSQL "
        "only, so use postgresql://…"
    )


def _redis_url(url: str | None, *, on_heroku: bool) -> str | None:
    """Check the scheme. Heroku's own Redis shows a certificate that nobody signed, so there (and
    only there) the connection is encrypted without asking whose it is."""
    if not url:
        return None
    parts = urlsplit(url)
    if parts.scheme not in {"redis", "rediss", "unix"}:
        raise SettingsError(
            f"REDIS_URL has the scheme {parts.scheme!r}; use redis://…, rediss://… (encrypted) or "
            "unix://…"
        )
    if on_heroku and parts.scheme == "rediss" and "ssl_cert_reqs" not in parts.query:
        query = "&".join(filter(None, (parts.query, "ssl_cert_reqs=none")))
        return urlunsplit(parts._replace(query=query))
    return url
