"""MarketWatch's stock page: performance and competitors, when it lets itself be read.

The page is for people and sits behind a bot check. A check is recognised, believed and left
alone for hours; nothing here pretends to be a browser. Cells are found by the text of their
labels: layout classes repeat all over the page.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from lxml import etree, html

from stocksite.market.money_text import parse_money, parse_percent
from stocksite.market.providers import reading
from stocksite.market.providers.base import Capability, Instrument, Peer, PerformanceFigures
from stocksite.market.providers.contract import MarketSource
from stocksite.market.providers.errors import (
    BotChallenge,
    MalformedPayload,
    ProviderError,
    RateLimited,
    UnknownSymbol,
    UpstreamUnavailable,
)
from stocksite.market.providers.http import Answer, Bounds
from stocksite.market.providers.transport import Transport, retry_after_s

NAME = "marketwatch"
PAGE = Bounds(read_s=10, total_s=20, max_bytes=4 * 1024 * 1024)
MAX_PEERS = 20
_LABELS = {
    "5 day": "five_days",
    "1 month": "one_month",
    "3 month": "three_months",
    "ytd": "year_to_date",
    "1 year": "one_year",
}


class MarketWatch(MarketSource):
    """A second opinion on performance, and the first on competitors."""

    name = NAME
    title = "MarketWatch"
    capabilities = frozenset({Capability.PERFORMANCE, Capability.PEERS})
    bases = frozenset()

    def __init__(self, transport: Transport) -> None:
        self._send = transport
        self._last: tuple[str, Any] | None = None

    def performance(self, inst: Instrument) -> PerformanceFigures:
        """The performance block's five figures; None for those it does not show."""
        return performance_of(inst.symbol, self._page(inst))

    def peers(self, inst: Instrument) -> Sequence[Peer]:
        """The competitors' table; a page without one has none."""
        return peers_of(self._page(inst))

    def _page(self, inst: Instrument) -> Any:
        """The page, fetched once for both questions."""
        if self._last is None or self._last[0] != inst.symbol:
            name = quote(inst.spelled(self.name, ".").lower(), safe="")
            path = f"/investing/stock/{name}"
            headers = {"Accept": "text/html"}
            answer = self._send.get(path, {}, judge, headers=headers, bounds=PAGE, redirects=3)
            self._last = (inst.symbol, parse(inst.symbol, answer.body))
        return self._last[1]


def judge(answer: Answer) -> ProviderError | None:
    """The error an answer stands for. A bot check may come with any status, 200 included."""
    if answer.status in (401, 403) or b"captcha-delivery.com" in answer.body[:8192]:
        return BotChallenge(NAME, f"it asks for a human (status {answer.status})")
    if answer.status == 429:
        return RateLimited(NAME, "too many requests", retry_after_s=retry_after_s(answer))
    if answer.status in (404, 410):
        return UnknownSymbol(NAME, f"status {answer.status}")
    if answer.status >= 500:
        return UpstreamUnavailable(NAME, f"status {answer.status}")
    if answer.status != 200:
        return MalformedPayload(NAME, f"status {answer.status}")
    return None


def parse(symbol: str, body: bytes) -> Any:
    """The page as a tree. Raises MalformedPayload unless it is the page of this symbol."""
    parser = html.HTMLParser(encoding="utf-8", no_network=True, remove_comments=True)
    try:
        tree = html.document_fromstring(body, parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError):
        raise MalformedPayload(NAME, "the page cannot be read") from None
    told = tree.xpath("string(//meta[@name='tickerSymbol']/@content)")
    if reading.symbol(told) != symbol:
        raise MalformedPayload(NAME, f"not the page of {symbol}: {str(told)[:20]!r}")
    return tree


def performance_of(symbol: str, tree: Any) -> PerformanceFigures:
    """The figures by the labels of their rows. Raises MalformedPayload without the block."""
    blocks = tree.xpath(f"//*[{_has_class('performance')}]//table")
    if not blocks:
        raise MalformedPayload(NAME, f"the page of {symbol} has no performance block")
    found: dict[str, Decimal | None] = {}
    for row in blocks[0].xpath(".//tr[count(td) >= 2]"):
        field = _LABELS.get(_text(row[0]).lower())
        if field is not None:
            found[field] = _percent(row.xpath("./td")[1])
    if not found:
        raise MalformedPayload(NAME, f"the performance block of {symbol} has none of its labels")
    return PerformanceFigures(symbol, NAME, **found)


def _percent(cell: Any) -> Decimal | None:
    values = cell.xpath(f".//*[{_has_class('value')}]")
    text = _text(values[0]) if values else _text(cell)
    falls = bool(cell.xpath(f".//*[{_has_class('negative')}]"))
    return parse_percent(text, negative=falls)


def peers_of(tree: Any) -> list[Peer]:
    """The competitors' rows by the names of their columns; empty without the table."""
    tables = tree.xpath(
        "//table[@aria-label='Competitors data table']"
        f" | //*[{_has_class('Competitors')}]//table[not(@aria-label='Competitors data table')]"
    )
    if not tables:
        return []
    heads = [_text(cell).lower() for cell in tables[0].xpath(".//thead//th")]
    if "name" not in heads or "market cap" not in heads:
        raise MalformedPayload(NAME, f"the competitors' table has the columns {heads}")
    name_at, value_at = heads.index("name"), heads.index("market cap")
    found = []
    for row in tables[0].xpath(".//tbody/tr"):
        cells = row.xpath("./td")
        if len(cells) != len(heads):
            continue
        name = reading.text(_text(cells[name_at]))
        link = "".join(cells[name_at].xpath(".//a/@href")[:1])
        country = _country(link)
        if name:
            cap = parse_money(_text(cells[value_at]), country)
            found.append(Peer(name, _symbol(link) if not country else "", cap))
    return found[:MAX_PEERS]


def _country(link: str) -> str:
    return parse_qs(urlsplit(link).query).get("countrycode", [""])[0]


def _symbol(link: str) -> str:
    head, _, last = urlsplit(link).path.rstrip("/").rpartition("/")
    return reading.symbol(last) if head.endswith("/stock") else ""


def _has_class(name: str) -> str:
    return f"contains(concat(' ', normalize-space(@class), ' '), ' {name} ')"


def _text(element: Any) -> str:
    return " ".join(element.text_content().split())
