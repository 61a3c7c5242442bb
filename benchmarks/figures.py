"""A measured figure beside the one that was asked for, and the table of them."""

from __future__ import annotations

import resource
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table. `asked` is the most it may be; None where nothing was asked."""

    name: str
    measured: float
    unit: str
    asked: float | None = None
    note: str = ""

    @property
    def verdict(self) -> str:
        """`ok`, `missed`, or nothing where nothing was asked."""
        if self.asked is None:
            return ""
        return "ok" if self.measured <= self.asked else "missed"


def peak_mib() -> float:
    """The most memory this process has held, in MiB.

    Linux hands `ru_maxrss` on from the process that started this one; its own mark is `VmHWM`.
    """
    status = Path("/proc/self/status")
    if status.exists():
        (line,) = [row for row in status.read_text().splitlines() if row.startswith("VmHWM:")]
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def table(figures: Iterable[Figure]) -> str:
    """The figures as text, one line each."""
    rows = [("figure", "measured", "asked", "", "how")]
    for each in figures:
        asked = "" if each.asked is None else f"≤ {each.asked:g} {each.unit}"
        measured = f"{each.measured:,.2f} {each.unit}"
        rows.append((each.name, measured, asked, each.verdict, each.note))
    return "\n".join(_aligned(rows))


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(
            cell.rjust(width) if column in (1, 2) else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
