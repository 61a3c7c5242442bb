"""Pages of lists: one or two statements, and arithmetic that holds at the ends."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Engine, String, column, event, select, values
from sqlalchemy.orm import Session

from stocksite.core.paging import Page, PageRequest, order_columns, paginate

NAMES = values(column("name", String), name="names")


def _page(session: Session, rows: int, number: int, size: int) -> tuple[Page[str], int]:
    table = NAMES.data([(f"n{row:03}",) for row in range(rows)])
    statement = select(table.c.name)
    statement = statement.order_by(table.c.name)
    seen: list[str] = []

    def note(conn: Any, cursor: Any, sql: str, *rest: Any) -> None:
        seen.append(sql)

    engine = session.get_bind()
    assert isinstance(engine, Engine)
    event.listen(engine, "before_cursor_execute", note)
    try:
        page = paginate(session, statement, PageRequest(number, size), lambda row: str(row.name))
    finally:
        event.remove(engine, "before_cursor_execute", note)
    return page, len(seen)


@pytest.mark.parametrize(
    ("rows", "number", "size", "first", "length", "statements"),
    [
        (5, 1, 10, "n000", 5, 1),
        (5, 1, 5, "n000", 5, 2),
        (5, 2, 3, "n003", 2, 1),
        (6, 2, 3, "n003", 3, 2),
        (6, 3, 3, None, 0, 2),
        (1, 1, 1, "n000", 1, 2),
    ],
)
def test_pages(
    session: Session,
    rows: int,
    number: int,
    size: int,
    first: str | None,
    length: int,
    statements: int,
) -> None:
    page, ran = _page(session, rows, number, size)
    assert page.count == rows
    assert len(page.results) == length
    assert (page.results[0] if page.results else None) == first
    assert ran == statements
    assert page.pages == max(1, -(-rows // size))
    assert page.has_next == (number * size < rows)
    assert page.has_previous == (number > 1)


def test_a_converted_page_keeps_its_place(session: Session) -> None:
    page, _ = _page(session, 5, 2, 2)
    mapped = page.map(str.upper)
    assert mapped.results == ("N002", "N003")
    assert (mapped.count, mapped.request) == (5, PageRequest(2, 2))


@pytest.mark.parametrize("wrong", [(0, 10), (-1, 10), (1_000_001, 10), (1, 0), (1, 201)])
def test_impossible_pages_are_refused(wrong: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="is not in 1"):
        PageRequest(*wrong)


def test_the_largest_offset_fits_the_database(session: Session) -> None:
    page, _ = _page(session, 1, 1_000_000, 200)
    assert (page.count, page.results) == (1, ())


def test_ordering() -> None:
    columns = {"a": column("x"), "b": column("y")}
    assert [str(term) for term in order_columns("-a,b", columns)] == ["x DESC", "y ASC"]
    with pytest.raises(KeyError):
        order_columns("c", columns)
