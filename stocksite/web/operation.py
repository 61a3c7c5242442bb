"""What an operation of the JSON API is: declared once, kept by `api.py`, shown by `openapi.py`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Generic, Literal, TypeVar

from pydantic import BaseModel

T = TypeVar("T")
Auth = bool | Literal["optional"]

SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True)
class Reply(Generic[T]):
    """An answer that is more than its read model. `status` None means the declared one."""

    data: T
    status: int | None = None
    location: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


class CsvFile:
    """What an operation declares in `returns` that answers a CSV file (as a whole Response)."""


class ReportFile:
    """The same for a file that is a PDF, JSON or CSV, as asked for."""


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One method of one path, as declared: what the plumbing enforces and OpenAPI shows."""

    method: str
    rule: str
    endpoint: str
    function: Callable[..., Any]
    summary: str
    description: str
    tag: str
    body: type[BaseModel] | None
    query: type[BaseModel] | None
    status: int
    """Of a plain return."""
    returns: Mapping[int, Any]
    errors: frozenset[int]
    auth: Auth
    admin: bool
    creates: bool
    raw_errors: bool
    limit: str | None
    example: Any
    arguments: frozenset[str]

    @property
    def unsafe(self) -> bool:
        """Whether it may change something."""
        return self.method not in SAFE_METHODS

    @property
    def statuses(self) -> frozenset[int]:
        """Every status it can answer, a crash apart."""
        implied = {400, 429, 503}  # database or queue may be away at any time
        if self.auth:
            implied |= {401, 403} if self.unsafe else {401}
        if self.admin or "<" in self.rule:
            implied.add(404)
        if self.body:
            implied |= {413, 415} if self.raw_errors else {413, 415, 422}
        if self.creates:
            implied |= {409, 422}
        return frozenset(self.returns) | self.errors | implied


def operations(app: Any) -> dict[str, tuple[str, Operation]]:
    """Every operation of the app: `"POST /api/portfolios/"` → (blueprint name, operation)."""
    found: dict[str, tuple[str, Operation]] = app.extensions.setdefault("api_operations", {})
    return found


def literal_paths(app: Any) -> dict[str, set[str]]:
    """Paths without variables (and without the last slash), with their methods."""
    found: dict[str, set[str]] = app.extensions.setdefault("api_literal_paths", {})
    return found
