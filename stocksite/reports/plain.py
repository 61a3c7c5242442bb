"""A report as plain JSON and back; its SHA-256 is what the report is known by.

Canonical: keys sorted, no spaces, ASCII. Equal reports are equal text, byte for byte.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any, Final

from stocksite.reports.content import (
    Block,
    Chart,
    Column,
    Facts,
    Figure,
    Figures,
    Months,
    Report,
    Section,
    Table,
    Words,
)
from stocksite.web.format import iso

FORMAT: Final = 1
"""Raised when the shape of the JSON changes."""


def plain(report: Report) -> dict[str, Any]:
    """A report as JSON values. Figures carry what is printed beside their value."""
    return {
        "format": FORMAT,
        "kind": report.kind,
        "subject": report.subject,
        "title": report.title,
        "subtitle": report.subtitle,
        "period": report.period,
        "as_of": iso(report.as_of),
        "market": report.market,
        "facts": dict(report.facts),
        "sections": [
            {
                "key": section.key,
                "title": section.title,
                "fresh": section.fresh,
                "blocks": [_block(block) for block in section.blocks],
            }
            for section in report.sections
        ],
    }


def _block(block: Block) -> dict[str, Any]:
    told: dict[str, Any] = {"block": block.block}
    told |= {each.name: getattr(block, each.name) for each in fields(block)}
    if isinstance(block, Figures):
        told["items"] = [_figure(figure) for figure in block.items]
    elif isinstance(block, Table):
        told["columns"] = [
            {"key": column.key, "label": column.label, "kind": column.kind}
            for column in block.columns
        ]
        told["rows"] = [list(row) for row in block.rows]
    elif isinstance(block, Months):
        told["rows"] = [
            {"year": year, "months": list(months), "total": total}
            for year, months, total in block.rows
        ]
    elif isinstance(block, Chart):
        told["data"] = dict(block.data)
        told["legend"] = [list(item) for item in block.legend]
    elif isinstance(block, Facts):
        told["items"] = [list(item) for item in block.items]
    else:
        told["paragraphs"] = list(block.paragraphs)
    return told


def _figure(figure: Figure) -> dict[str, Any]:
    told = {each.name: getattr(figure, each.name) for each in fields(figure)}
    return told | {"text": figure.text}


def canonical(report: Report) -> str:
    """The one text of a report."""
    return json.dumps(plain(report), sort_keys=True, separators=(",", ":"), allow_nan=False)


def digest(text: str) -> str:
    """SHA-256 of a canonical text, in hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def short_id(digest_: str) -> str:
    """What is printed as the report's id: `3f2a-91bc-77d0`."""
    return "-".join(digest_[i : i + 4] for i in (0, 4, 8))


def read(text: str) -> Report:
    """A stored report."""
    told = json.loads(text)
    return Report(
        kind=told["kind"],
        subject=told["subject"],
        title=told["title"],
        subtitle=told["subtitle"],
        period=told["period"],
        as_of=datetime.fromisoformat(told["as_of"]),
        market=told["market"],
        facts=told["facts"],
        sections=tuple(
            Section(
                section["key"],
                section["title"],
                tuple(_READERS[block["block"]](block) for block in section["blocks"]),
                section["fresh"],
            )
            for section in told["sections"]
        ),
    )


def _given(told: Mapping[str, Any], cls: type[Any], **changed: Any) -> Any:
    kept = {each.name: told[each.name] for each in fields(cls) if each.name not in changed}
    return cls(**kept, **changed)


_READERS: Final[dict[str, Callable[[Mapping[str, Any]], Block]]] = {
    "figures": lambda told: _given(
        told, Figures, items=tuple(_given(item, Figure) for item in told["items"])
    ),
    "table": lambda told: _given(
        told,
        Table,
        columns=tuple(_given(column, Column) for column in told["columns"]),
        rows=tuple(tuple(row) for row in told["rows"]),
    ),
    "months": lambda told: _given(
        told,
        Months,
        rows=tuple((row["year"], tuple(row["months"]), row["total"]) for row in told["rows"]),
    ),
    "chart": lambda told: _given(
        told, Chart, legend=tuple((label, series) for label, series in told["legend"])
    ),
    "words": lambda told: _given(told, Words, paragraphs=tuple(told["paragraphs"])),
    "facts": lambda told: _given(
        told, Facts, items=tuple((name, text) for name, text in told["items"])
    ),
}
