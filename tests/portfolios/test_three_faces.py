"""One number, three faces: page, JSON and file print the same digits for any portfolio."""

from __future__ import annotations

import csv
import html
import io
import os
import re
from decimal import Decimal

import pytest

from stocksite.portfolios.figures import FIGURES
from stocksite.portfolios.periods import PERIODS
from stocksite.web.format import MINUS, percent
from tests.portfolios.histories import make

MANY = int(os.environ.get("THREE_FACES", "24"))
"""How many portfolios are generated; 1,000 take some minutes."""

SHOWN = (
    r'id="why-(\w+)">\s*<summary>.*?'
    r'<span class="why-value num">(.*?)</span><span class="why-ask'
)


def on_the_page(text: str) -> dict[str, str]:
    """The printed value of every figure: digits, point and minus."""
    found = {}
    for key, value in re.findall(SHOWN, text, re.S):
        words = html.unescape(re.sub(r"<[^>]+>", "", value))
        found[key] = re.sub(r"[^\d.–-]", "", words.replace(MINUS, "-"))
    return found


def in_the_file(text: str) -> dict[str, str]:
    rows = csv.DictReader(io.StringIO(text.lstrip("\ufeff")))
    return {row["name"]: row["value"] or "–" for row in rows if row["section"] == "figure"}


def in_json(view: dict) -> dict[str, str]:
    found = {}
    for figure in FIGURES:
        value = view[figure.key]
        if value is None:
            found[figure.key] = "–"
        elif figure.kind == "money":
            found[figure.key] = f"{Decimal(value):.2f}"
        else:
            text = percent(value, sign=False).removesuffix("%")
            found[figure.key] = text.replace(MINUS, "-").replace(",", "")
    return found


@pytest.mark.slow
def test_page_json_and_file_agree_to_the_last_digit(session, actor, desk):
    for seed in range(MANY):
        book = make(session, actor.user_id, seed)
        session.commit()
        period = PERIODS[seed % len(PERIODS)]
        computed = desk.api("GET", f"/{book.id}/performance/?period={period}&explain=true")
        page = desk.figures(f"/portfolios/{book.id}/performance?period={period}")
        kept = desk.api("GET", f"/{book.id}/performance/?period={period}&explain=true")
        answer = desk.api("GET", f"/{book.id}/performance/?period={period}")
        file = desk.get(f"/portfolios/{book.id}/performance.csv?period={period}")
        api_file = desk.api("GET", f"/{book.id}/performance.csv?period={period}")
        assert {a.status_code for a in (page, answer, file, api_file)} == {200}, seed
        assert kept.get_data() == computed.get_data(), seed
        told = in_json(answer.json)
        assert in_the_file(file.get_data(as_text=True)) == told, seed
        assert file.get_data(as_text=True).lstrip("\ufeff") == api_file.get_data(as_text=True)
        if answer.json["sessions"]:
            assert on_the_page(page.get_data(as_text=True)) == told, seed
        else:
            assert "Nothing to measure" in page.get_data(as_text=True)
