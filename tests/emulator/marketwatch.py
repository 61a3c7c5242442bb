"""MarketWatch's stock page as it looked in 2024 and 2025, with invented companies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Response

if TYPE_CHECKING:
    from tests.emulator.server import Asked

CHALLENGE_A = (
    "<html><head><title>marketwatch.com</title></head><body><script>var dd={'rt':'c','cid':'x',"
    "'t':'fe','host':'geo.captcha-delivery.com'}</script><iframe "
    'src="https://geo.captcha-delivery.com/captcha/?x=1"></iframe></body></html>'
)
CHALLENGE_B = (
    '<html><body><p id="cmsg">Please enable JS and disable any ad blocker</p><script>var dd='
    "{'rt':'c','t':'bv'}</script><script src=\"https://ct.captcha-delivery.com/c.js\"></script>"
    "</body></html>"
)
PAGES: dict[str, tuple[str, int]] = {
    "mw_challenge_a_401": (CHALLENGE_A, 401),
    "mw_challenge_a_403": (CHALLENGE_A, 403),
    "mw_challenge_a_200": (CHALLENGE_A, 200),
    "mw_challenge_b_401": (CHALLENGE_B, 401),
    "mw_challenge_b_403": (CHALLENGE_B, 403),
    "mw_challenge_b_200": (CHALLENGE_B, 200),
    "mw_forbidden": ("HTTP Forbidden", 401),
    "mw_login": ("<html><body><h1>Sign in</h1><form></form></body></html>", 200),
    "mw_empty": ("", 200),
    "mw_unknown": ("<html><body>Not found</body></html>", 404),
}
COMPETITORS = (
    ("Other\n        Group Ltd.", "hk", "0000", "-7.79%", "HK$121.94B"),
    ("Formosa Machines", "tw", "1111", "1.20%", "NT$111.19B"),
    ("Hanguk   Electronics", "kr", "005930", "0.00%", "₩387.04T"),
    ("Tokyo Kogyo", "jp", "2222", "0.10%", "¥22.55T"),
    ("Beijing Works", "cn", "3333", "0.10%", "¥1.20T"),
    ("Bharat Systems", "in", "4444", "0.10%", "₹65.65B"),
    ("Rhein AG", "xe", "5555", "0.10%", "€290.73B"),
    ("Plain Corp.", "", "plc", "-0.40%", "$26.2B"),
    ("Silent Inc.", "", "slt", "N/A", "N/A"),
    ("Blank Inc.", "", "blk", "", ""),
)
PERFORMANCE = (
    ("5 Day", "-1.53%"),
    ("1 Month", "3.10%"),
    ("3 Month", "-"),
    ("YTD", "1,204.75%"),
    ("1 Year", "36.04%"),
)


def answer(asked: Asked) -> Response:
    """The page, or what stands in its way."""
    word = asked.said(PAGES)
    if word is not None:
        body, status = PAGES[word]
        return Response(body, status, content_type="text/html")
    if asked.symbol not in asked.world.securities:
        return Response(PAGES["mw_unknown"][0], 404, content_type="text/html")
    return Response(page(asked), content_type="text/html; charset=utf-8")


def page(asked: Any) -> str:
    """The page of a symbol; faults take parts away or add to it."""
    security = asked.world.securities[asked.symbol]
    filler = "<p>news</p>" * (100_000 if asked.fault("mw_huge") else 10)
    overlay = '<div class="cx-scrim-wrapper"><p>Subscribe</p></div>'
    rivals = "" if asked.fault("mw_no_competitors") else _competitors()
    told = "OTHER" if asked.fault("wrong_symbol") else asked.symbol
    return f"""<!doctype html><html><head>
<meta name="name" content="{security.name}"><meta name="tickerSymbol" content="{told}">
<meta name="priceCurrency" content="USD"><meta name="price" content="$100.00"></head><body>
<table class="table table--primary"><tbody><tr><td>Dow</td><td>1%</td></tr></tbody></table>
<table class="table table--primary"><tbody><tr><td>Close</td><td>99</td></tr></tbody></table>
<h1 class="company__name">{security.name}</h1>{overlay}{_performance()}{rivals}{filler}
</body></html>"""


def _performance() -> str:
    rows = "".join(
        f'<tr class="table__row"><td class="table__cell">{label}</td><td class="table__cell">'
        f'<ul class="content u-flex {"negative" if value.startswith("-") else "positive"}">'
        f'<li class="content__item value ignore-color">{value}</li><li class="content__item bar">'
        '<span class="graphic" style="width: 1.527635270544%;"></span></li></ul></td></tr>'
        for label, value in PERFORMANCE
    )
    return (
        '<div class="element element--table performance"><header><h2 class="title">'
        '<span class="label">Performance</span></h2></header>'
        f'<table class="table table--primary no-heading c2"><tbody>{rows}</tbody></table></div>'
    )


def _competitors() -> str:
    rows = "".join(
        '<tr class="table__row"><td class="table__cell w50"><a class="link" href="https://'
        f"www.marketwatch.com/investing/stock/{code}?"
        f'{f"countrycode={country}&amp;" if country else ""}mod=mw_quote_competitors">{name}</a>'
        f'</td><td class="table__cell w25"><bg-quote field="percentchange">{change}</bg-quote></td>'
        f'<td class="table__cell w25 number">{cap}</td></tr>'
        for name, country, code, change, cap in COMPETITORS
    )
    return (
        '<div class="element element--table overflow--table Competitors">'
        '<table aria-label="Competitors data table" class="table table--primary align--right">'
        '<thead class="table__head"><tr class="table__row"><th class="table__heading">Name</th>'
        '<th class="table__heading">Chg %</th><th class="table__heading">Market Cap</th></tr>'
        f'</thead><tbody class="table__body">{rows}</tbody></table></div>'
    )
