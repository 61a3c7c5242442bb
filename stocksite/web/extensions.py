"""The Flask extensions, created once and bound in `create_app`.

Flask-SQLAlchemy only lends its request-scoped session over our plain metadata; `finish_request`
makes a request one unit of work: an answer below 400 commits, anything else rolls back.
"""

from __future__ import annotations

from typing import Final

from flask import Flask, Response
from flask_caching import Cache
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_login import LoginManager
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import CSRFProtect
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from stocksite.core.database import Base, engine_options
from stocksite.core.queue import connect_queue
from stocksite.settings import Settings

NO_DATABASE: Final = "postgresql+psycopg2://DATABASE_URL-is-not-set.invalid/"
"""Leads nowhere and says why. An empty address would be whichever server this machine has."""

db = SQLAlchemy(metadata=Base.metadata)
login_manager = LoginManager()
csrf = CSRFProtect()
cache = Cache()
limiter = Limiter(get_remote_address, strategy="sliding-window-counter", headers_enabled=True)


def init_app(app: Flask, settings: Settings) -> None:
    """Bind the extensions and open the one Redis pool (`app.extensions["redis"]`)."""
    # Without a database the commands still work: `run-all` starts one and tells its children.
    app.config["SQLALCHEMY_DATABASE_URI"] = settings.database_url or NO_DATABASE
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = engine_options()
    db.init_app(app)
    login_manager.init_app(app)
    csrf.init_app(app)
    redis = _impatient(settings.redis_url) if settings.redis_url else None
    app.extensions["redis"] = redis
    connect_queue(redis)
    app.config["CACHE_TYPE"] = "RedisCache" if redis else "SimpleCache"
    app.config["CACHE_REDIS_URL"] = settings.redis_url
    app.config["CACHE_KEY_PREFIX"] = "cache:"
    cache.init_app(app)
    # "limits" wants a socket's scheme to say what listens there.
    app.config["RATELIMIT_STORAGE_URI"] = (settings.redis_url or "memory://").replace(
        "unix://", "redis+unix://", 1
    )
    app.config["RATELIMIT_KEY_PREFIX"] = "limits"
    app.config["RATELIMIT_SWALLOW_ERRORS"] = False
    # Limits are counted by name (`limits.py`). Without this the extension would hook into every
    # request to look for decorators, of which there are none.
    app.extensions.setdefault("limiter", set()).add(limiter)
    limiter.init_app(app)
    app.after_request(finish_request)


def add_migrations(app: Flask) -> None:
    """Hang `flask db` on the application. Alembic is a tenth of what importing all of it costs."""
    from flask_migrate import Migrate

    Migrate(compare_type=True).init_app(app, db, directory="migrations")


def _impatient(url: str) -> Redis:
    """A pool that gives up at once: a page must not wait seconds to learn that Redis is away."""
    return Redis.from_url(
        url, retry=Retry(NoBackoff(), 1), socket_timeout=2, socket_connect_timeout=1
    )


def finish_request(response: Response) -> Response:
    """Returning commits, failing rolls back; jobs that the request enqueued leave on commit."""
    session = db.session()
    if not session.in_transaction():
        return response
    if response.status_code < 400:
        session.commit()
    else:
        session.rollback()
    return response
