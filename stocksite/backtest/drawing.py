"""Pictures of the lab as SVG text: trades on the price, and the heatmap of a sweep."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any, Final

from markupsafe import Markup, escape

from stocksite.backtest.heating import Picture, Tile
from stocksite.web import format as formats
from stocksite.web.svg_axes import (
    WIDTH,
    Line,
    frame,
    framed,
    grid,
    known_values,
    line_paths,
    nice_ticks,
    num,
    opening,
    spoken,
)

_TILE: Final = 10


def trades_chart(
    days: Sequence[date],
    closes: Sequence[float | None],
    trades: Sequence[Mapping[str, Any]],
    *,
    title: str,
) -> Markup:
    """The price with the days it was held drawn heavier, a dot per purchase, a ring per sale."""
    index = {day.isoformat(): i for i, day in enumerate(days)}
    held: list[float | None] = [None] * len(days)
    dots: list[tuple[str, int, float]] = []
    for trade in trades:
        first = index.get(trade["entry_date"])
        last = index.get(trade["exit_date"] or "", len(days) - 1)
        if first is None:
            continue
        held[first : last + 1] = closes[first : last + 1]
        dots.append(("buy", first, closes[first] or trade["entry_price"]))
        if trade["exit_date"]:
            dots.append(("sell", last, closes[last] or trade["exit_price"]))
    known = known_values(closes)
    scale = framed(min(known), max(known))
    ticks = nice_ticks(scale.low, scale.high)
    body = grid(ticks, scale)
    body += line_paths(Line("Price", closes, series=8), scale)
    body += line_paths(Line("Held", held, series=1), scale, " held")
    span = max(len(days) - 1, 1)
    for kind, at, price in dots:
        x, y = num(at / span * WIDTH), num(scale.y(price))
        body += f'<path class="dot {kind}" d="M{x} {y}L{x} {y}"/>'
        if kind == "sell":
            body += f'<path class="dot hole" d="M{x} {y}L{x} {y}"/>'
    words = (
        f"{formats.day(days[0])} to {formats.day(days[-1])}; price from "
        f"{spoken(known[0], 'money')} to {spoken(known[-1], 'money')}; {len(trades)} trades"
    )
    drawn = frame(body, ticks, scale, "money", days, "m")
    return Markup(opening("m", title, words, "chart-line") + drawn + "</svg>")


def heatmap(
    picture: Picture, url_of: Callable[[Tile], str], words: Callable[[Tile], str]
) -> Markup:
    """The tiles as links: to the report of one combination, or closer to a block of them.

    The links are not stops of the Tab key: there may be a thousand, and the same places can be
    reached by the form and the table beside the picture.
    """
    width, height = picture.columns * _TILE, picture.rows * _TILE
    out = []
    marked = []
    for tile in picture.tiles:
        x, y = tile.column * _TILE, tile.row * _TILE
        out.append(
            f'<a href="{escape(url_of(tile))}" tabindex="-1"><title>{escape(words(tile))}</title>'
            f'<rect class="h{tile.level}" x="{x}" y="{y}" width="{_TILE}" height="{_TILE}"/></a>'
        )
        if tile.mark:
            marked.append(
                f'<rect class="heat-mark is-{tile.mark}" x="{x}" y="{y}" width="{_TILE}"'
                f' height="{_TILE}"/>'
            )
    head = (
        f'<svg class="heat" viewBox="0 0 {width} {height}" preserveAspectRatio="none"'
        f' role="group" aria-label="Heatmap of {len(picture.tiles)} squares">'
    )
    return Markup("".join([head, *out, *marked, "</svg>"]))
