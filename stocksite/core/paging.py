"""Lists in pages: what services take and return. Addresses of pages are `web/pagination.py`'s."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Row, Select, UnaryExpression, func, select
from sqlalchemy.orm import Session

MAX_PAGE = 1_000_000
MAX_PAGE_SIZE = 200

T = TypeVar("T")
U = TypeVar("U")


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which page: numbers from 1, `size` rows each."""

    number: int = 1
    size: int = 50

    def __post_init__(self) -> None:
        """Refuse what would become a negative or an overflowing OFFSET."""
        if not 1 <= self.number <= MAX_PAGE:
            raise ValueError(f"page {self.number} is not in 1 … {MAX_PAGE:,}")
        if not 1 <= self.size <= MAX_PAGE_SIZE:
            raise ValueError(f"page size {self.size} is not in 1 … {MAX_PAGE_SIZE}")

    @property
    def offset(self) -> int:
        """Rows before this page."""
        return (self.number - 1) * self.size


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a list. `count` is the number of rows in the whole list."""

    results: tuple[T, ...]
    count: int
    request: PageRequest

    @property
    def pages(self) -> int:
        """How many pages there are; an empty list has one."""
        return max(1, -(-self.count // self.request.size))

    @property
    def has_next(self) -> bool:
        """Whether a page follows."""
        return self.request.number < self.pages

    @property
    def has_previous(self) -> bool:
        """Whether a page comes before."""
        return self.request.number > 1

    def map(self, convert: Callable[[T], U]) -> Page[U]:
        """The same page with every row converted."""
        return Page(tuple(map(convert, self.results)), self.count, self.request)


def paginate(
    session: Session,
    statement: Select[Any],
    request: PageRequest,
    convert: Callable[[Row[Any]], T],
) -> Page[T]:
    """Run an ordered `select` for one page: two statements, or one when the page tells the count.

    `convert` makes a read model of a row. A page after the last is empty, not an error: lists
    shrink between two requests.
    """
    rows = session.execute(statement.limit(request.size).offset(request.offset)).all()
    if 0 < len(rows) < request.size or (not rows and request.number == 1):
        count = request.offset + len(rows)
    else:
        count = session.scalar(_counting(statement)) or 0
    return Page(tuple(convert(row) for row in rows), count, request)


def _counting(statement: Select[Any]) -> Select[int]:
    return select(func.count()).select_from(statement.order_by(None).subquery())


def order_columns(
    ordering: str, columns: Mapping[str, ColumnElement[Any]]
) -> list[UnaryExpression[Any]]:
    """`"-timestamp,symbol"` as ORDER BY terms out of an allow-list; `-` descends.

    Add a unique column behind them, or pages may overlap. Raises KeyError for a name outside the
    list: the query model refuses those before.
    """
    terms = []
    for word in ordering.split(","):
        column = columns[word.removeprefix("-")]
        terms.append(column.desc() if word.startswith("-") else column.asc())
    return terms
