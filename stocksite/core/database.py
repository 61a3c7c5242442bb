"""The declarative base, the column types of the three scales, and the unit of work.

Web requests use Flask-SQLAlchemy's session over this metadata; jobs, the clock and commands use
`unit_of_work()`. Both are plain SQLAlchemy sessions: services never know the difference.
"""

from __future__ import annotations

import hashlib
import select
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

import psycopg2
from sqlalchemy import (
    CursorResult,
    DateTime,
    Engine,
    Executable,
    MetaData,
    Numeric,
    TextualSelect,
    column,
    create_engine,
    text,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.types import TypeDecorator

ASK_AFTER_S: Final = 30.0
"""A pooled connection this old is asked whether its server is there before it is used."""

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


def check_connection(connection: Any, record: ConnectionPoolEntry, _proxy: object) -> None:
    """Let no dead connection out of a pool, without asking the server every time.

    A server that ends a connection says so on its socket, where nothing else can wait between two
    transactions. Where there is something to read, or after half a minute of silence (a network
    may forget a connection and tell nobody), the server is asked. Raises InvalidatePoolError: the
    pool is emptied and a new connection made.
    """
    now = time.monotonic()
    ask_at: float = record.info.get("ask_at", now + ASK_AFTER_S)
    record.info["ask_at"] = now + ASK_AFTER_S
    waiting = select.poll()
    waiting.register(connection.fileno(), select.POLLIN)
    if now < ask_at and not waiting.poll(0):
        return
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        connection.rollback()
    except psycopg2.Error as error:
        raise InvalidatePoolError(f"the connection has died: {error}") from error


def engine_options() -> dict[str, Any]:
    """Options every engine of ours shares: survive a database restart, sane pool."""
    return {
        "pool_events": [(check_connection, "checkout")],
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


def query(sql: str, names: str) -> TextualSelect:
    """A SELECT in SQL whose columns are named in their order, to be made once and run often.

    With the names SQLAlchemy need not find out on each run what came back.
    """
    return text(sql).columns(*(column(name) for name in names.split()))


def read(
    session: Session, statement: Executable, values: Mapping[str, Any] | None = None
) -> CursorResult[Any]:
    """Run a statement that selects columns, not entities, in the session's transaction.

    `session.execute` would give the same rows through the machinery that makes objects of them,
    which takes longer than the rest; pages that are polled come this way.
    """
    session.flush()
    return session.connection().execute(statement, values)


def lock_name(name: str) -> int:
    """A stable 63-bit key for a PostgreSQL advisory lock."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") >> 1
