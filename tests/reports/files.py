"""A report's faces in tests: a PDF's text and structure, the page, and whether they agree."""

from __future__ import annotations

import io
import json
import re
import shutil
import subprocess
from typing import Any

import pypdf
from jinja2 import Environment

from stocksite.reports import drawing, printing
from stocksite.reports.content import Months, Report


def text_of(pdf: bytes) -> str:
    """All text of a PDF in reading order, spaces made single."""
    if shutil.which("pdftotext"):
        ran = subprocess.run(
            ["pdftotext", "-layout", "-", "-"], input=pdf, capture_output=True, check=True
        )
        text = ran.stdout.decode()
    else:
        text = "\n".join(page.extract_text() for page in opened(pdf).pages)
    return re.sub(r"\s+", " ", text)


def opened(pdf: bytes) -> pypdf.PdfReader:
    return pypdf.PdfReader(io.BytesIO(pdf))


def tags(pdf: bytes) -> list[tuple[str, Any]]:
    """(type, element) of every structure element, in order."""
    found: list[tuple[str, Any]] = []

    def walk(node: Any) -> None:
        node = node.get_object()
        if isinstance(node, list):
            for child in node:
                walk(child)
        elif isinstance(node, dict):
            if "/S" in node:
                found.append((str(node["/S"]), node))
            if "/K" in node:
                walk(node["/K"])

    walk(opened(pdf).trailer["/Root"]["/StructTreeRoot"]["/K"])
    return found


def page_of(report: Report) -> str:
    """The page's own markup of a report: the template that the PDF shares."""
    made: Environment = printing._environment()
    template = made.get_template("reports/_body.html")
    return template.render(
        report=report, paper=False, draw=drawing.draw, legend=drawing.legend, id="x"
    )


def same_everywhere(report: Report, text: str, pdf: bytes) -> None:
    """Every figure, number, day and month of a report reads the same in JSON, page and PDF."""
    words, page = text_of(pdf), page_of(report)
    told = [
        figure
        for section in json.loads(text)["sections"]
        for block in section["blocks"]
        if block["block"] == "figures"
        for figure in block["items"]
    ]
    assert {figure["key"] for figure in told} == set(report.figures)
    for figure in told:
        _on_both(figure["text"], words, page, figure["key"])
        if isinstance(figure["value"], float) and "%" in figure["text"]:
            shown = figure["text"].replace("−", "-").replace(",", "").strip("+%")
            assert float(shown) == figure["value"]
    for table in report.tables:
        for row in table.printed:
            for column, cell, _ in row:
                if column.is_number or column.kind in ("day", "moment"):
                    _on_both(cell, words, page, table.key)
    for block in (block for section in report.sections for block in section.blocks):
        if isinstance(block, Months):
            for year, cells, total in block.printed:
                for cell in (str(year), total[0], *(month for month, _ in cells)):
                    _on_both(cell, words, page, block.key)


def _on_both(cell: str, words: str, page: str, where: str) -> None:
    assert cell in words, (where, cell)
    assert f">{cell}<" in page, (where, cell)
