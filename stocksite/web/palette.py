"""Stand-in colours for Bokeh, which draws on a canvas and cannot read CSS tokens.

A figure built on the server uses these values; `js/charts.js` holds the same table and puts the
colours of the reader's theme in their place, again whenever the theme changes.
"""

from __future__ import annotations

from typing import Final

INK: Final = "#010101"
INK_2: Final = "#010102"
INK_3: Final = "#010103"
GRID: Final = "#010104"
SHEET: Final = "#010105"
LINE_STRONG: Final = "#010106"
GAIN: Final = "#010107"
LOSS: Final = "#010108"
RAISED: Final = "#010109"
LINE: Final = "#01010a"
SERIES: Final = tuple(f"#01011{n}" for n in range(1, 9))
"""Eight series colours; `SERIES[0]` is `--series-1`."""

FONT: Final = "Inter, system-ui, sans-serif"
