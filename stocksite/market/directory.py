"""The symbol directory's file: written from `pytickersymbols`, read without it.

`python -m stocksite.market.directory` prints the file. It is a maintainer's tool: the package
behind it brings an HTML parser and an HTTP client that no running process needs.
"""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import files

FILE = "symbols.csv"
INDICES = ("DOW JONES", "NASDAQ 100", "S&P 100", "S&P 500", "S&P 600")
SECTORS = (
    "Communication Services",
    "Consumer Discretionary",
    "Consumer Staples",
    "Energy",
    "Financials",
    "Health Care",
    "Industrials",
    "Information Technology",
    "Materials",
    "Real Estate",
    "Utilities",
)


@dataclass(frozen=True, slots=True)
class Listing:
    """A symbol people may search for."""

    symbol: str
    name: str
    industry: str
    indices: str
    """Names of the indices it belongs to, separated by `; `."""


def read() -> list[Listing]:
    """The directory shipped with the package, by symbol."""
    text = files("stocksite.market").joinpath("data", FILE).read_text("utf-8")
    return [Listing(**row) for row in csv.DictReader(text.splitlines())]


def industry(names: Iterable[str]) -> str:
    """One word for a company's business: its sector when it is named, else the shortest name."""
    known = {name.casefold(): name for name in names}
    for sector in SECTORS:
        if sector.casefold() in known:
            return sector
    return min(known.values(), key=lambda name: (len(name), name), default="")


def regenerate() -> str:
    """The directory file's text, from the installed `pytickersymbols`."""
    from pytickersymbols import PyTickerSymbols

    source = PyTickerSymbols()
    listings: dict[str, Listing] = {}
    for index in INDICES:
        for stock in source.get_stocks_by_index(index):
            symbol = stock["symbol"]
            name = " ".join(stock["name"].split())
            earlier = listings.get(symbol)
            indices = f"{earlier.indices}; {index}" if earlier else index
            listings[symbol] = Listing(symbol, name, industry(stock["industries"]), indices)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("symbol", "name", "industry", "indices"))
    for entry in sorted(listings.values(), key=lambda item: item.symbol):
        writer.writerow((entry.symbol, entry.name, entry.industry, entry.indices))
    return out.getvalue()


if __name__ == "__main__":
    sys.stdout.write(regenerate())
