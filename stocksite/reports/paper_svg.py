"""A page's chart made ready for paper: the same drawing, at a fixed size, with its colours in it.

On a page a chart stretches with its place and takes its colours from CSS. A PDF writer knows
neither stretched strokes nor the page's styles inside a drawing, so nested drawings are multiplied
out here and classes become attributes. What is drawn where stays what `web/svg` decided.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from xml.etree import ElementTree as ET

from markupsafe import Markup, escape

GUTTER: Final = 48.0
"""Room at the right for the figures of the value axis, in px."""
AIR: Final = 6.0
"""Room above for half a figure of the value axis."""
FOOT: Final = 4.0
"""Room below for the tails of the dates: charts are lower than on a page, their words are not."""
FONT_PX: Final = 9.5
HEIGHTS: Final = {"chart-s": 108.0, "chart-m": 168.0, "chart-l": 226.0, "bar-chart": 12.0}
SERIES: Final = {
    "s1": "#1d5470",
    "s2": "#b7791f",
    "s3": "#7a4a9e",
    "s4": "#2f8f83",
    "s5": "#a3475f",
    "s6": "#5f7a2e",
    "s7": "#4a5fb0",
    "s8": "#7c8a90",
}
"""The light theme's series colours (`tokens.css`)."""
_GAIN, _LOSS, _FLAT, _INK, _PAPER = "#0b6e45", "#b3261e", "#5b686e", "#49565c", "#ffffff"
_COLOURS: Final = {**SERIES, "is-up": _GAIN, "is-down": _LOSS, "is-flat": _FLAT}
_COMMAND: Final = re.compile(r"([MLHVZ])([^MLHVZ]*)")


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a nested drawing lies on paper: x = left + scale · x."""

    left: float
    top: float
    width: float
    height: float
    across: float = 1.0
    down: float = 1.0

    def x(self, text: str) -> float:
        """A horizontal coordinate, or a share of the width."""
        if text.endswith("%"):
            return self.left + float(text[:-1]) / 100 * self.width
        return self.left + float(text) * self.across

    def y(self, text: str) -> float:
        """The same downwards."""
        if text.endswith("%"):
            return self.top + float(text[:-1]) / 100 * self.height
        return self.top + float(text) * self.down

    def inside(self, node: ET.Element) -> _Place:
        """The place of a nested drawing."""
        left, top = self.x(node.get("x", "0")), self.y(node.get("y", "0"))
        width = self.x(node.get("width", "100%")) - self.left
        height = self.y(node.get("height", "100%")) - self.top
        box = node.get("viewBox")
        if box is None:
            return _Place(left, top, width, height)
        _, _, wide, high = (float(part) for part in box.split())
        return _Place(left, top, width, height, width / wide, height / high)


def for_paper(drawing: str, width: float) -> Markup:
    """A drawing of `web/svg` (or a room's, made of the same parts), `width` px wide."""
    root = ET.fromstring(drawing)
    classes = set(root.get("class", "").split())
    height = next((high for name, high in HEIGHTS.items() if name in classes), HEIGHTS["chart-m"])
    gutter = GUTTER if {"chart-line", "chart-candles"} & classes else 0.0
    words = escape(root.get("aria-label", ""))
    top = AIR if gutter else 0.0
    body = "".join(_nodes(root, _Place(0, top, width - gutter, height)))
    height += top + (FOOT if gutter else 0.0)
    return Markup(
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{height:g}"'
        f' viewBox="0 0 {width:g} {height:g}" font-family="Report Sans" role="img">'
        f"<title>{words}</title>{body}</svg>"
    )


def _nodes(parent: ET.Element, place: _Place) -> Iterator[str]:
    for node in parent:
        if node.tag == "svg":
            yield from _nodes(node, place.inside(node))
        elif node.tag == "path":
            yield f'<path d="{_moved(node.get("d", ""), place)}"{_look(node)}/>'
        elif node.tag == "rect":
            yield _rect(node, place)
        elif node.tag == "text":
            yield _text(node, place)
        elif node.tag not in ("title", "desc"):
            raise ValueError(f"a chart has a <{node.tag}>, which paper does not know yet")


def _moved(path: str, place: _Place) -> str:
    """A path of absolute M, L, H, V and Z at its place, as one of M, L and Z."""
    left, top, across, down = place.left, place.top, place.across, place.down
    out = []
    x = y = 0.0
    for command, rest in _COMMAND.findall(path):
        numbers = [float(number) for number in rest.replace(",", " ").split()]
        if command == "H":
            x = left + numbers[0] * across
            out.append(f"L{x:.4g} {y:.4g}")
        elif command == "V":
            y = top + numbers[0] * down
            out.append(f"L{x:.4g} {y:.4g}")
        elif command == "Z":
            out.append("Z")
        else:
            for i in range(0, len(numbers), 2):
                x, y = left + numbers[i] * across, top + numbers[i + 1] * down
                out.append(f"{command}{x:.4g} {y:.4g}")
                command = "L"
    return "".join(out)


def _rect(node: ET.Element, place: _Place) -> str:
    x, y = place.x(node.get("x", "0")), place.y(node.get("y", "0"))
    width = place.x(node.get("width", "0")) - place.left
    height = place.y(node.get("height", "0")) - place.top
    return f'<rect x="{x:.4g}" y="{y:.4g}" width="{width:.4g}" height="{height:.4g}"{_look(node)}/>'


def _text(node: ET.Element, place: _Place) -> str:
    x = place.x(node.get("x", "0")) + float(node.get("dx", "0")) * GUTTER / 54
    y = place.y(node.get("y", "0")) + float(node.get("dy", "0")) * 0.8
    return (
        f'<text x="{x:.4g}" y="{y:.4g}" text-anchor="{node.get("text-anchor", "start")}"'
        f' font-size="{FONT_PX}" fill="{_INK}">{escape(node.text or "")}</text>'
    )


def _look(node: ET.Element) -> str:
    """Presentation attributes of a shape's classes: what `charts.css` says of them."""
    classes = node.get("class", "").split()
    colour = next((_COLOURS[name] for name in classes if name in _COLOURS), SERIES["s1"])
    for name, look in _LOOKS.items():
        if name in classes:
            if name == "candle" and "body" in classes:
                fill = _PAPER if "is-up" in classes else colour
                return f' stroke="{colour}" stroke-width="0.6" fill="{fill}"'
            if name == "stroke" and "held" in classes:
                look = look.replace('"1.3"', '"2"')
            if name == "stroke" and "average" in classes:
                look = look.replace('"1.3"', '"0.9"')
            if name == "dot":
                return _dot(classes)
            return look.format(colour=colour)
    raise ValueError(f"a chart has a shape of class {' '.join(classes)!r} unknown to paper")


def _dot(classes: list[str]) -> str:
    colour, width = (_PAPER, 2.2) if "hole" in classes else (_GAIN, 5)
    if "sell" in classes:
        colour = _LOSS
    return f' fill="none" stroke="{colour}" stroke-width="{width}" stroke-linecap="round"'


_ROUND: Final = 'stroke-linejoin="round" stroke-linecap="round"'
_LOOKS: Final = {
    "grid-line": ' fill="none" stroke="#e4e9eb" stroke-width="0.6"',
    "base-line": ' fill="none" stroke="#808c91" stroke-width="0.7" stroke-dasharray="2.5 2.5"',
    "origin-line": ' fill="none" stroke="#808c91" stroke-width="0.7"',
    "area": ' fill="{colour}" fill-opacity="0.1"',
    "stroke": ' fill="none" stroke="{colour}" stroke-width="1.3" ' + _ROUND,
    "candle": ' fill="none" stroke="{colour}" stroke-width="0.6"',
    "volume": ' fill="{colour}" fill-opacity="0.35"',
    "band95": ' fill="#1d5470" fill-opacity="0.1"',
    "band80": ' fill="#1d5470" fill-opacity="0.16"',
    "band50": ' fill="#1d5470" fill-opacity="0.24"',
    "dot": "",
    "slice-bar": ' fill="{colour}"',
}
