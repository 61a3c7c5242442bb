"""Reading a PDF in tests: its text by pdftotext or pypdf, its structure by pypdf."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
from typing import Any

import pypdf


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
