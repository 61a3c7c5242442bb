"""The short ways of printing lead to the same place as WeasyPrint's own."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from stocksite.reports import native, plain, printing, quicker, typesetting
from stocksite.reports.building import portfolio
from tests.reports.files import opened
from tests.reports.generated import inputs

pytestmark = pytest.mark.skipif(bool(native.missing()), reason="Pango is not installed here")

_PLAINLY = """
import sys
from stocksite.reports import plain, printing, quicker
quicker.install = lambda: None
text = open(sys.argv[1]).read()
made = printing.print_pdf(plain.read(text), text, plain.digest(text), "plainly")
open(sys.argv[2], "wb").write(made.pdf)
"""
INLINE = {"span"}


def test_the_quick_functions_print_the_same_bytes(tmp_path: Path) -> None:
    report = portfolio.build(inputs(trades=60, fans=2, name="A <b>ﬁne</b> ﷽ 漢字 – 1 000"))
    text = plain.canonical(report)
    kept, plainly = tmp_path / "report.json", tmp_path / "plainly.pdf"
    kept.write_text(text)
    subprocess.run([sys.executable, "-c", _PLAINLY, str(kept), str(plainly)], check=True)
    quickly = printing.print_pdf(report, text, plain.digest(text), "plainly")
    assert quickly.pdf == plainly.read_bytes()


def test_the_quick_functions_are_for_the_versions_that_are_installed() -> None:
    """With others they stay away; look through them again before the versions are raised."""
    assert {name: version(name) for name in quicker.WRITTEN_FOR} == quicker.WRITTEN_FOR


def test_the_identifier_is_the_report_and_the_file_opens() -> None:
    report = portfolio.build(inputs(sessions=40, trades=2))
    text = plain.canonical(report)
    digest = plain.digest(text)
    made = printing.print_pdf(report, text, digest, "x")
    trailer: Any = opened(made.pdf).trailer
    assert [part.original_bytes.hex() for part in trailer["/ID"]] == [digest[:32]] * 2


def test_every_element_of_a_report_is_in_the_base_sheet() -> None:
    """An element without a rule would be set as words in a line."""
    sheet = files("stocksite.reports").joinpath("paper_base.css").read_text("utf-8")
    rules = re.sub(r"/\*.*?\*/", "", sheet, flags=re.DOTALL).partition("@page")[0]
    known = set(re.findall(r"[a-z][a-z0-9]*", re.sub(r"\{[^}]*\}", "", rules)))
    html = printing.document(portfolio.build(inputs(trades=12, fans=1)), "x")
    found = {str(node.tag) for node in typesetting.tree(html).iter()}
    assert "table" in found
    assert {tag for tag in found if not tag.startswith("{")} - known - INLINE == set()


def test_what_no_xml_may_contain_is_replaced_and_white_space_of_templates_goes() -> None:
    root = typesetting.tree("<p>a\x00b<br>c\ud800</p>")
    assert "".join(root.itertext()) == "a\ufffdbc\ufffd"
    root = typesetting.tree("<ul>\n <li>a</li>\n <li> b <em>c</em> d</li></ul>")
    assert "".join(root.itertext()) == "a b c d"


def test_a_document_that_is_not_well_formed_is_refused() -> None:
    with pytest.raises(ValueError, match="not well formed"):
        typesetting.tree("<p>a<b></p>")
