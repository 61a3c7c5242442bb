"""Shares of a whole as SVG: a ring, or one bar."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from stocksite.web import format as formats
from stocksite.web.svg_axes import opening


@dataclass(frozen=True)
class Part:
    """One slice of a whole; `share_pct` in percent points."""

    label: str
    share_pct: float
    series: int
    url: str | None = None


def composition_parts(slices: Sequence[Mapping[str, Any]], most: int = 8) -> list[Part]:
    """Slices (`label`, `share_pct`, `url` or not) largest first; the small rest becomes "Other"."""
    ordered = sorted(slices, key=lambda s: -float(s["share_pct"]))
    kept, rest = (
        (ordered, []) if len(ordered) <= most else (ordered[: most - 1], ordered[most - 1 :])
    )
    parts = [
        Part(str(s["label"]), float(s["share_pct"]), n + 1, s.get("url"))
        for n, s in enumerate(kept)
    ]
    if rest:
        parts.append(Part(f"Other ({len(rest)})", sum(float(s["share_pct"]) for s in rest), most))
    return parts


def _spoken_parts(parts: Sequence[Part]) -> str:
    return ", ".join(f"{p.label} {formats.percent(p.share_pct, sign=False)}" for p in parts)


def donut(parts: Sequence[Part], *, title: str) -> Markup:
    """A ring of shares, clockwise from the top. Its list of names stands beside it."""
    start, arcs = 0.0, []
    for part in parts:
        share = max(min(part.share_pct, 100.0 - start), 0.0)
        shown = max(share - 0.6, 0.2) if len(parts) > 1 else share
        arcs.append(
            f'<circle class="slice s{part.series}" cx="21" cy="21" r="15.9155" pathLength="100"'
            f' stroke-dasharray="{shown:.2f} {100 - shown:.2f}"'
            f' stroke-dashoffset="{25 - start:.2f}"/>'
        )
        start += share
    head = opening("donut", title, _spoken_parts(parts) or "nothing yet", "donut")
    return Markup(head.replace("<svg ", '<svg viewBox="0 0 42 42" ', 1) + "".join(arcs) + "</svg>")


def composition_bar(parts: Sequence[Part], *, title: str) -> Markup:
    """The same shares as one bar, 12 px high and as wide as its place."""
    start, rects = 0.0, []
    for part in parts:
        rects.append(
            f'<rect class="slice-bar s{part.series}" x="{start:.2f}%" y="0"'
            f' width="{max(part.share_pct - 0.3, 0.1):.2f}%" height="12"/>'
        )
        start += part.share_pct
    head = opening("bar", title, _spoken_parts(parts) or "nothing yet", "bar-chart")
    return Markup(head + "".join(rects) + "</svg>")
