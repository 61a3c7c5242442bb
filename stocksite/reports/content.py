"""The report object: sections of figures, tables, charts and words, all of them plain values.

Every figure is rounded once, when it is put in (`values.rounded`); what page, PDF, JSON and CSV
print is a function of that value and its kind alone, so they cannot differ in a digit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, TypeAlias

from stocksite.reports import values
from stocksite.reports.values import Scalar

MAX_SHOWN: Final = 200
"""Rows of a table that page and PDF show; JSON and CSV have all of them."""
MAX_TEXT: Final = 600
"""Characters of any text of a person's: enough for a name, a note, a description."""

Raw: TypeAlias = Decimal | float | int | str | date | datetime | None


@dataclass(frozen=True, slots=True)
class Figure:
    """One number with its name. `kind` (see `values`) says how it is rounded and written."""

    key: str
    label: str
    kind: str
    value: Scalar
    note: str = ""
    formula: str = ""

    @classmethod
    def of(
        cls, key: str, label: str, kind: str, value: Raw, note: str = "", formula: str = ""
    ) -> Figure:
        """A figure of an unrounded value."""
        return cls(key, label, kind, values.rounded(kind, value), note, formula)

    @property
    def text(self) -> str:
        """As it is printed everywhere."""
        return values.text(self.kind, self.value)

    @property
    def way(self) -> str:
        """`up`, `down`, `flat` or nothing: the colour of a change, beside its sign."""
        return values.way(self.kind, self.value)


@dataclass(frozen=True, slots=True)
class Figures:
    """A group of figures: `lead` (the headline and tiles) or `list` (with formulas)."""

    block = "figures"
    key: str
    title: str
    items: tuple[Figure, ...]
    style: str = "tiles"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table; its kind holds for every cell."""

    key: str
    label: str
    kind: str = "text"

    @property
    def is_number(self) -> bool:
        """Whether it is set at the right."""
        return values.is_number(self.kind)

    @property
    def head(self) -> str:
        """The label as it is set: its currency never stands in a line of its own."""
        return self.label.replace(", $", ",\u00a0$")


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of values. `shown` of them are printed, the first ones; the file has all."""

    block = "table"
    key: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Scalar, ...], ...]
    note: str = ""
    empty: str = "Nothing here."
    shown: int = MAX_SHOWN

    @classmethod
    def of(
        cls,
        key: str,
        title: str,
        columns: Sequence[Column],
        rows: Sequence[Sequence[Raw]],
        *,
        note: str = "",
        empty: str = "Nothing here.",
        shown: int = MAX_SHOWN,
    ) -> Table:
        """A table of unrounded values."""
        kinds = [column.kind for column in columns]
        told = tuple(
            tuple(values.rounded(kind, value) for kind, value in zip(kinds, row, strict=True))
            for row in rows
        )
        return cls(key, title, tuple(columns), told, note, empty, min(shown, MAX_SHOWN))

    @property
    def printed(self) -> list[list[tuple[Column, str, str]]]:
        """(column, text, way) of every cell that is shown."""
        return [
            [
                (column, values.text(column.kind, value, bare=True), values.way(column.kind, value))
                for column, value in zip(self.columns, row, strict=True)
            ]
            for row in self.rows[: self.shown]
        ]

    @property
    def widths(self) -> list[float]:
        """Each column's share of the width in percent, by its longest text: a PDF writer that is
        told need not set every cell twice to find out.
        """
        heads = [max(map(len, column.head.split(" ")), default=1) + 1 for column in self.columns]
        longest = list(heads)
        for row in self.printed:
            for i, (column, text, _) in enumerate(row):
                most = 40 if column.is_number else 26
                longest[i] = max(longest[i], min(len(text), most))
        whole = sum(length + 2 for length in longest)
        return [round(100 * (length + 2) / whole, 2) for length in longest]


@dataclass(frozen=True, slots=True)
class Months:
    """Returns by month, percent points: (year, January to December, whole year)."""

    block = "months"
    key: str
    title: str
    rows: tuple[tuple[int, tuple[float | None, ...], float | None], ...]
    note: str = ""

    @classmethod
    def of(
        cls,
        key: str,
        title: str,
        rows: Sequence[tuple[int, Sequence[float | None], float | None]],
        note: str = "",
    ) -> Months:
        """Of unrounded returns."""
        told = tuple(
            (year, tuple(_points(month) for month in months), _points(total))
            for year, months, total in rows
        )
        return cls(key, title, told, note)

    @property
    def printed(self) -> list[tuple[int, list[tuple[str, str]], tuple[str, str]]]:
        """(year, [(text, heat class)] by month, (text, way) of the year)."""
        return [
            (
                year,
                [(values.text("points", month), values.heat(month)) for month in months],
                (values.text("points", total), values.way("points", total)),
            )
            for year, months, total in self.rows
        ]


def _points(value: float | None) -> float | None:
    found = values.rounded("points", value)
    return None if found is None else float(found)


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing's data. `form`: line, candles, trades, fan, shares (see `drawing`)."""

    block = "chart"
    key: str
    title: str
    form: str
    data: Mapping[str, Any]
    size: str = "m"
    legend: tuple[tuple[str, int], ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Words:
    """Paragraphs. `tone`: plain, lead (the verdict), small."""

    block = "words"
    key: str
    paragraphs: tuple[str, ...]
    title: str = ""
    tone: str = "plain"


@dataclass(frozen=True, slots=True)
class Facts:
    """Names and texts: settings, sources, versions."""

    block = "facts"
    key: str
    title: str
    items: tuple[tuple[str, str], ...]


Block: TypeAlias = Figures | Table | Months | Chart | Words | Facts


@dataclass(frozen=True, slots=True)
class Section:
    """A part with a heading; in the PDF a bookmark, and a new page where `fresh`."""

    key: str
    title: str
    blocks: tuple[Block, ...]
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """Everything a report says. It names no person: it may be shared."""

    kind: str
    """`portfolio`, `stock`, `backtest`, `forecast`."""
    subject: str
    """What it is about, for machines: `portfolio:3`, `stock:AAPL`."""
    title: str
    subtitle: str
    period: str
    """In words: from when to when."""
    as_of: datetime
    """Market time of the last close it knows."""
    sections: tuple[Section, ...]
    market: str = "Market"
    """`Sample market` where prices are a replay of history."""
    facts: Mapping[str, Scalar] = field(default_factory=dict)
    """What it was built from: ids, spans, versions."""

    @property
    def tables(self) -> list[Table]:
        """Every table, in order: each can be had as a CSV file."""
        return [b for s in self.sections for b in s.blocks if isinstance(b, Table)]

    @property
    def figures(self) -> dict[str, Figure]:
        """Every figure by its key."""
        found = (b for s in self.sections for b in s.blocks if isinstance(b, Figures))
        return {figure.key: figure for group in found for figure in group.items}


def clip(text: str) -> str:
    """A person's text, no longer than a report takes."""
    tidy = " ".join(text.split())
    return tidy if len(tidy) <= MAX_TEXT else f"{tidy[: MAX_TEXT - 1]}…"
