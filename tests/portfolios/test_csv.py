"""CSV files: numbers stay numbers, text never becomes a formula."""

from __future__ import annotations

import csv as reader
import io
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stocksite.portfolios import csv

D = Decimal


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (D("-3.00"), "-3.00"),
        (D("10.000000000"), "10"),
        (D("0.333333333"), "0.333333333"),
        (D("604.850000"), "604.85"),
        (D("1E+3"), "1000"),
        (D("0"), "0"),
        (None, ""),
        (7, "7"),
        (-0.25, "-0.25"),
        (date(2009, 1, 2), "2009-01-02"),
        (datetime(2009, 1, 2, 14, 30, tzinfo=UTC), "2009-01-02T14:30:00Z"),
        ("plain", "plain"),
        ("=1+1", "'=1+1"),
        ("+cmd", "'+cmd"),
        ("-2", "'-2"),
        ("@sum", "'@sum"),
        ("\t=1", "'\t=1"),
        ("  =1", "'  =1"),
        ("＝1", "'＝1"),
        ("a=1", "a=1"),
    ],
)
def test_cells(value, text):
    assert csv.cell(value) == text


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=30))
def test_no_text_begins_a_formula_and_none_is_lost(text):
    written = csv.write([("note", lambda row: row)], [text])
    rows = list(reader.reader(io.StringIO(written, newline="")))
    assert len(rows) == 2
    cell = rows[1][0] if rows[1] else ""
    assert cell in (text, f"'{text}")
    assert not cell.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
