"""Worlds that are expensive to make are made once per module and put back for every test."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Engine, text

from stocksite.core import database
from tests.conftest import DELETED, KEPT


class Photographs:
    """Copies of the tables that tests write, and what the test knows of them, by name."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._known: dict[str, Any] = {}
        tables = database.Base.metadata.sorted_tables
        self._names = [each.name for each in tables if each.name not in KEPT + DELETED]

    def of(self, name: str, make: Callable[[], Any]) -> Any:
        """What `make` made and committed: the first time by making it, then as it was then."""
        if name in self._known:
            self.restore(name)
        else:
            self._known[name] = make()
            self._take(name)
        return self._known[name]

    def forget(self) -> None:
        """Drop all copies."""
        with self._engine.begin() as connection:
            for name in self._known:
                connection.execute(text(f"DROP SCHEMA photo_{name} CASCADE"))
        self._known.clear()

    def _take(self, name: str) -> None:
        with self._engine.begin() as connection:
            connection.execute(text(f"CREATE SCHEMA photo_{name}"))
            for table in self._names:
                copy = f'CREATE TABLE photo_{name}."{table}" AS TABLE public."{table}"'
                connection.execute(text(copy))

    def restore(self, name: str) -> None:
        """Put the tables back as they were when it was made."""
        emptied = ", ".join(f'"{table}"' for table in self._names)
        with self._engine.begin() as connection:
            connection.execute(text(f"TRUNCATE {emptied} CASCADE"))
            for table in self._names:
                copy = f'INSERT INTO "{table}" OVERRIDING SYSTEM VALUE TABLE photo_{name}."{table}"'
                connection.execute(text(copy))
            for table, column in connection.execute(text(_COUNTED)).all():
                connection.execute(text(_ONWARD.format(table=table, column=column)))


_COUNTED = """
SELECT t.relname, a.attname
FROM pg_class s
JOIN pg_depend d ON d.objid = s.oid AND d.classid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
JOIN pg_class t ON t.oid = d.refobjid
JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid
WHERE s.relkind = 'S' AND t.relnamespace = 'public'::regnamespace
"""
_ONWARD = """
SELECT setval(pg_get_serial_sequence('"{table}"', '{column}'), max({column}) + 1)
FROM "{table}" HAVING max({column}) IS NOT NULL
"""
