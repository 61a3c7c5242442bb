"""The declarative base, the column types of the three scales, and the unit of work.

Web requests use Flask-SQLAlchemy's session over this metadata; jobs, the clock and commands use
`unit_of_work()`. Both are plain SQLAlchemy sessions: services never know the difference.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import DateTime, Engine, MetaData, Numeric, create_engine
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker
from sqlalchemy.types import TypeDecorator

NAMING = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Base of all tables."""

    metadata = MetaData(naming_convention=NAMING)


class _Exact(TypeDecorator[Decimal]):
    """NUMERIC that refuses floats: a float that reaches the ledger is a bug, found here."""

    impl = Numeric
    cache_ok = True
    precision: int
    scale: int

    def __init__(self) -> None:
        super().__init__(self.precision, self.scale, asdecimal=True)

    def process_bind_param(self, value: Any, dialect: Dialect) -> Decimal | None:
        """Let Decimal and int through, exactly."""
        if value is None or isinstance(value, Decimal):
            return value
        if isinstance(value, int) and not isinstance(value, bool):
            return Decimal(value)
        raise TypeError(f"money columns take Decimal, not {type(value).__name__}")


class Cash(_Exact):
    """An amount of cash: 2 places."""

    precision, scale = 18, 2
    cache_ok = True


class Price(_Exact):
    """A price per share: 6 places."""

    precision, scale = 18, 6
    cache_ok = True


class Shares(_Exact):
    """A quantity of shares: 9 places."""

    precision, scale = 21, 9
    cache_ok = True


class Utc(TypeDecorator[datetime]):
    """timestamptz that takes and gives aware UTC only."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive times: nobody knows what they mean."""
        if value is not None and value.tzinfo is None:
            raise TypeError("a timestamp needs a time zone")
        return value

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Normalize to UTC whatever zone the connection is in."""
        return None if value is None else value.astimezone(UTC)


_factory: sessionmaker[Session] | None = None


def engine_options() -> dict[str, Any]:
    """Options every engine of ours shares: survive a database restart, sane pool."""
    return {
        "pool_pre_ping": True,
        "pool_size": 8,
        "max_overflow": 8,
        "connect_args": {"options": "-c timezone=utc -c lock_timeout=10000"},
    }


def connect(database_url: str) -> Engine:
    """Open the engine behind `unit_of_work()`; jobs, clock and commands call it once."""
    global _factory
    engine = create_engine(database_url, **engine_options())
    _factory = sessionmaker(engine, expire_on_commit=False)
    return engine


@contextmanager
def unit_of_work() -> Iterator[Session]:
    """One transaction: returning commits, raising rolls back."""
    if _factory is None:
        raise RuntimeError("connect(database_url) first")
    with _factory.begin() as session:
        yield session


def lock_name(name: str) -> int:
    """A stable 63-bit key for a PostgreSQL advisory lock."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") >> 1
