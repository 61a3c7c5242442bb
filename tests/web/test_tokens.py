"""Contrast of the colour tokens: AA in both themes and with both gain colours."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from stocksite.web import assets

CSS = (Path(assets.__file__).parent / "static" / "css" / "tokens.css").read_text()
TOKEN = re.compile(r"--([a-z0-9-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);")
BASE, BLUE = CSS.split('[data-gain="blue"]')
TOKENS = {name: (light, dark) for name, light, dark in TOKEN.findall(BASE)}
COLOR_BLIND = {name: (light, dark) for name, light, dark in TOKEN.findall(BLUE)}

SURFACES = ("desk", "sheet", "raised", "hover")
TEXT = ("ink", "ink-2", "ink-3", "link", "gain", "loss", "warn", "danger", "info")
PAIRS = [
    *((text, surface, 4.5) for text in TEXT for surface in SURFACES),
    *((text, "sunken", 4.5) for text in ("ink", "ink-2")),
    *((text, "mark", 4.5) for text in ("ink", "ink-2", "gain", "loss")),
    *((tone, f"{tone}-soft", 4.5) for tone in ("gain", "loss", "warn", "danger", "info")),
    *(("ink", f"{tone}-soft", 4.5) for tone in ("gain", "loss", "warn", "danger", "info")),
    ("ink-inverse", "action", 4.5),
    ("ink-inverse", "action-hover", 4.5),
    *(
        (shape, surface, 3.0)
        for shape in ("line-strong", "focus", "action")
        for surface in SURFACES
    ),
    *((f"series-{n}", "sheet", 3.0) for n in range(1, 9)),
]


def luminance(color: str) -> float:
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("gain", [{}, COLOR_BLIND], ids=["green", "blue"])
def test_contrast(theme: int, gain: dict[str, tuple[str, str]]) -> None:
    tokens = {**TOKENS, **gain}
    short = [
        f"{front} on {back}: {contrast(tokens[front][theme], tokens[back][theme]):.2f} < {least}"
        for front, back, least in PAIRS
        if contrast(tokens[front][theme], tokens[back][theme]) < least
    ]
    assert short == []


def test_the_blue_option_replaces_both_ways() -> None:
    assert set(COLOR_BLIND) == {"gain", "gain-soft", "loss", "loss-soft"}
