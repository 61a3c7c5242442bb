"""WeasyPrint with less to do: the same pages for half the work.

Three things it does for any document in the world, and that a report of ours has no use for:

* It reads HTML as browsers do, in Python. Ours is well formed, so the XML parser in C reads it.
* Its user-agent sheet styles six pseudo-elements (markers, footnotes, notes) of *every* element:
  six styles are computed for each one that is used. `paper_base.css` is that sheet without them,
  and without forms, lists and writing directions, none of which a report has.
* It writes and compresses every object twice when a file has an identifier: once for the file,
  once for a hash that is half the identifier. Ours is the report's own, put in afterwards.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import Any, Final
from xml.etree import ElementTree as ET

_STEP: Final = re.compile("([MLZ])([^MLZ]*)")
_OPERATORS: Final = {"M": "m", "L": "l", "Z": "h"}
_ANCHORS: Final = {"start": 0.0, "middle": 0.5, "end": 1.0}
_VOID: Final = re.compile("<(br|col|hr|meta|wbr)\\b([^>]*)>")
"""Elements that HTML leaves open."""
_NO_XML: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""What no XML may contain; a browser would show the replacement character as well."""


def tree(html: str) -> ET.Element:
    """The elements of a well-formed document, without the white space its template is laid out in.

    Raises ValueError where the document is not well formed.
    """
    try:
        root = ET.fromstring(_VOID.sub(r"<\1\2/>", _NO_XML.sub("\ufffd", html)))
    except ET.ParseError as error:
        raise ValueError(f"the document to print is not well formed: {error}") from error
    for node in root.iter():
        if node.text and "\n" in node.text and node.text.isspace():
            node.text = None
        if node.tail and "\n" in node.tail and node.tail.isspace():
            node.tail = None
    return root


def read(weasyprint: Any, html: str, fetcher: Any) -> Any:
    """The document as WeasyPrint renders it."""
    return _kind(weasyprint)(tree(html), fetcher)


@cache
def _kind(weasyprint: Any) -> Any:
    """WeasyPrint's document, made from elements and with our base sheet."""
    from cssselect2 import ElementWrapper

    _draw_charts_our_way()
    text = files("stocksite.reports").joinpath("paper_base.css").read_text("utf-8")
    base = weasyprint.CSS(string=text)

    class Paper(weasyprint.HTML):
        """A document of ours."""

        def __init__(self, root: ET.Element, fetcher: Any) -> None:
            self.base_url = None
            self.url_fetcher = fetcher
            self.media_type = "print"
            self.wrapper_element = ElementWrapper.from_html_root(root, content_language=None)
            self.etree_element = self.wrapper_element.etree_element

        def _ua_stylesheets(self, forms: bool = False) -> list[Any]:
            return [base]

    return Paper


def identified(pdf: bytes, identifier: bytes) -> bytes:
    """The file with its identifier in the dictionary that ends it.

    Everything else a file holds stands before that dictionary: no address in it changes.
    """
    last = int(pdf.rpartition(b"startxref\n")[2].split()[0])
    inside = pdf.index(b"<<", last) + 2
    told = identifier.hex().encode()
    return b"%b/ID [<%b> <%b>]%b" % (pdf[:inside], told, told, pdf[inside:])


def _draw_charts_our_way() -> None:
    """Paths and labels of `paper_svg` go to the file as they stand.

    WeasyPrint's own functions read every form of path and set a label letter by letter, an
    anchored one as a picture of its own: a quarter of the time of a report.
    """
    from weasyprint.svg import TAGS

    TAGS.update(path=_path, text=_label)


def _path(svg: Any, node: Any, font_size: float) -> None:
    """A path of absolute M, L and Z: PDF has the same three, after their numbers."""
    for command, numbers in _STEP.findall(node.get("d", "")):
        svg.stream.stream.append(f"{numbers} {_OPERATORS[command]}".encode())


def _label(svg: Any, node: Any, font_size: float) -> None:
    """A label in one piece, at its anchor."""
    from weasyprint.draw.text import draw_first_line
    from weasyprint.matrix import Matrix
    from weasyprint.svg.text import TextBox
    from weasyprint.text.line_break import split_first_line

    style = _label_style(svg.font_config, node.get("font-family"), font_size)
    layout, _, _, width, _, _ = split_first_line(node.text, style, svg.context, None, 0)
    layout.reactivate(style)
    x, y = float(node.get("x")), float(node.get("y"))
    x -= width * _ANCHORS[node.get("text-anchor")]
    svg.stream.push_state()
    fill, stroke = svg.set_graphical_state(node, font_size)
    svg.stream.begin_text()
    svg.fill_stroke(fill, stroke, text=True)
    draw_first_line(svg.stream, TextBox(layout, style), "none", "none", Matrix(d=-1, e=x, f=y))
    svg.stream.end_text()
    svg.stream.pop_state()


@cache
def _label_style(font_config: Any, family: str, size: float) -> Any:
    from weasyprint.css.properties import INITIAL_VALUES
    from weasyprint.svg.text import Style

    style = Style(INITIAL_VALUES, font_family=[family], font_size=size)
    style.font_config = font_config
    return style
