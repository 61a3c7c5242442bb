"""One spelling for each symbol, and a sentence for everything else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stocksite.core.errors import InvalidInput
from stocksite.market.symbols import MAX_LENGTH, normalize


@pytest.mark.parametrize(
    ("typed", "symbol"),
    [
        ("aapl", "AAPL"),
        (" msft\n", "MSFT"),
        ("brk.b", "BRK.B"),
        ("BRK-B", "BRK.B"),
        ("BRK/B", "BRK.B"),
        ("^GSPC", "^GSPC"),
        ("005930.KS", "005930.KS"),
        ("TRUE", "TRUE"),
        ("NA", "NA"),
        ("NULL", "NULL"),
        ("F", "F"),
    ],
)
def test_spellings(typed: str, symbol: str) -> None:
    assert normalize(typed) == symbol


@pytest.mark.parametrize(
    "typed",
    [
        *(
            "",
            "   ",
            "\t\n",
            "São",
            "📈",
            "A" * 200,
            "A" * 21,
            "A B",
            "AA..B",
            ".A",
            "A.",
            "^",
            "A^B",
        ),
        *(
            "../etc",
            "A/../B",
            "A\x00B",
            "A;DROP",
            "\ud800",
            "ａａｐｌ",
            "ſ",
            "ı",
            "ß",
            "A_B",
            "-",
            "%41",
        ),
        *("BRK.BBBBB", "A" * 13, "１２"),
    ],
)
def test_what_is_no_symbol(typed: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        normalize(typed)
    assert caught.value.detail.endswith(".")
    assert caught.value.fields[0].field == "symbol"


def test_the_sentences_say_what_is_wrong() -> None:
    with pytest.raises(InvalidInput, match="at most 20 characters; this has 200"):
        normalize("A" * 200)
    with pytest.raises(InvalidInput, match="Enter a symbol"):
        normalize(" ")
    with pytest.raises(InvalidInput) as caught:
        normalize("São", field="benchmark")
    assert caught.value.fields[0].field == "benchmark"


@given(st.text(max_size=30))
def test_any_text_is_a_symbol_or_refused(text: str) -> None:
    try:
        symbol = normalize(text)
    except InvalidInput:
        return
    assert normalize(symbol) == symbol
    assert symbol.isascii()
    assert symbol == symbol.upper()
    assert 1 <= len(symbol) <= MAX_LENGTH
    assert not set(symbol) & set("-/ \t\r\n")
