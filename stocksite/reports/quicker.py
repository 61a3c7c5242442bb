"""Inner functions of WeasyPrint, with what they would compute anew each time kept.

A table of a hundred rows asks for the same lengths, fonts and words thousands of times. Each
function here gives what the one it stands for gives: a test prints a report both ways and wants
the same bytes. What is kept hangs on a document's styles and goes when they go. They are put in
place in a process that prints reports, and only into the versions they were written for: with any
other a report is as right, and takes a third longer.
"""

from __future__ import annotations

import sys
import zlib
from functools import cache
from importlib.metadata import version
from typing import Any, Final

WRITTEN_FOR: Final = {"weasyprint": "70.0", "pydyf": "0.13.0"}

_EDGES: Final = ("left", "right", "top", "bottom")
_LENGTHS: Final = (
    *(f"{kind}_{edge}" for kind in ("margin", "padding") for edge in _EDGES),
    *(f"{least}{way}" for least in ("", "min_", "max_") for way in ("width", "height")),
)
_BORDERS: Final = tuple(f"border_{edge}_width" for edge in _EDGES)

_CORNERS: Final = tuple(
    f"border_{down}_{across}_radius" for down in ("top", "bottom") for across in ("left", "right")
)


@cache
def install() -> None:
    """Put them in place, once per process; nothing is done to versions we do not know."""
    if any(version(name) != known for name, known in WRITTEN_FOR.items()):
        return
    import pydyf
    from weasyprint import css
    from weasyprint.draw import color
    from weasyprint.formatting_structure import boxes
    from weasyprint.layout import background, inline, percent
    from weasyprint.text import ffi, line_break

    slow = percent.resolve_percentages
    simple = frozenset(
        getattr(boxes, f"{kind}Box")
        for kind in ("Line", "Text", "Block", "TableCell", "TableRow", "TableRowGroup")
    )
    _everywhere("resolve_percentages", slow, _lengths(slow, simple))
    ffi.ffi.cdef("PangoLayout *pango_layout_copy(PangoLayout *);")
    line_break.Layout.setup = _setup(line_break.Layout, ffi)
    line_break.Layout.deactivate = lambda self: None
    line_break.Layout.reactivate = _again(line_break.Layout.reactivate)
    _everywhere("strut", line_break.strut, _struts(line_break.strut))
    inline.split_first_line = _lines(inline.split_first_line)
    pydyf._to_bytes = _written(pydyf._to_bytes)
    boxes.Box.is_in_normal_flow = _in_flow(boxes.Box.is_in_normal_flow)
    _everywhere("get_color", color.get_color, _color)
    slow = background.layout_box_backgrounds
    _everywhere("layout_box_backgrounds", slow, _backgrounds(slow))
    css.ComputedStyle.__missing__ = _computed(css)


def _lengths(slow: Any, simple: frozenset[Any]) -> Any:
    """Lengths of lines, texts and cells: none a percentage, they hang on the style alone.

    Only of these, as only their styles never change while a document is laid out.
    """

    def resolve_percentages(box: Any, containing_block: Any) -> None:
        style = box.style
        if type(box) not in simple:
            slow(box, containing_block)
            return
        told = style.__dict__.get("lengths")
        if told is None:
            told = style.lengths = _fixed(style)
        if told is False:
            slow(box, containing_block)
            return
        lengths, borders = told
        box.__dict__.update(lengths)
        collapse = style["border_collapse"] == "collapse"
        for name, width in borders:
            if not (collapse and hasattr(box, name)):
                setattr(box, name, width)

    return resolve_percentages


def _fixed(style: Any) -> Any:
    """Attribute values of a style whose lengths are all in px or `auto`; else False."""
    if style["box_sizing"] != "content-box":
        return False
    found: dict[str, Any] = {}
    for name in _LENGTHS:
        value = style[name]
        if value == "auto":
            found[name] = 0 if name.startswith("min_") else "auto"
        elif getattr(value, "unit", None) == "px":
            found[name] = value.value
        else:
            return False
    return found, tuple((name, style[name]) for name in _BORDERS)


def _setup(kind: Any, ffi: Any) -> Any:
    """A line to be set: a copy of an empty one of the same style."""
    slow = kind.setup

    def setup(self: Any, style: Any) -> None:
        empty = style.__dict__.get("empty_line")
        if empty is None:
            empty = style.empty_line = kind.__new__(kind)
            slow(empty, style)
            ffi.pango.pango_layout_set_single_paragraph_mode(empty.layout, True)
        self.__dict__.update(empty.__dict__)
        copied = ffi.pango.pango_layout_copy(empty.layout)
        self.layout = ffi.ffi.gc(copied, ffi.gobject.g_object_unref)

    return setup


def _again(slow: Any) -> Any:
    def reactivate(self: Any, style: Any) -> None:
        if self.__dict__.get("style") is not style or self.justification_spacing:
            slow(self, style)

    return reactivate


def _in_flow(slow: Any) -> Any:
    """Whether a box stands where its text does: one look where five would be taken."""
    usual = frozenset({"static", "relative"})

    def is_in_normal_flow(self: Any) -> bool:
        style = self.style
        return (style["float"] == "none" and style["position"] in usual) or slow(self)

    return is_in_normal_flow


def _color(style: Any, key: str) -> Any:
    """A colour, `currentcolor` followed; colours are not compared with that word."""
    value = style[key]
    return style["color"] if isinstance(value, str) and value == "currentcolor" else value


def _struts(slow: Any) -> Any:
    def strut(style: Any) -> Any:
        told = style.__dict__.get("strut")
        if told is None:
            told = style.strut = slow(style)
        return told

    return strut


def pack_quickly() -> None:
    """Compress at zlib's own level: 9 takes twice as long to make a file 2 % smaller."""
    import pydyf

    class Packing:
        @staticmethod
        def compressobj(level: int) -> Any:
            return zlib.compressobj(min(level, 6))

    pydyf.zlib = Packing


def _everywhere(name: str, slow: Any, quick: Any) -> None:
    for where, module in tuple(sys.modules.items()):
        if where.startswith("weasyprint.") and vars(module).get(name) is slow:
            vars(module)[name] = quick


def _lines(slow: Any) -> Any:
    """The first line of a text, kept with its style for the next time it is laid out."""

    def split_first_line(
        text: str,
        style: Any,
        context: Any,
        max_width: Any,
        justification_spacing: Any,
        is_line_start: bool = True,
        minimum: bool = False,
    ) -> Any:
        kept = style.__dict__.setdefault("first_lines", {})
        key = (text, max_width, justification_spacing, is_line_start, minimum)
        found = kept.get(key)
        if found is None:
            found = kept[key] = slow(
                text, style, context, max_width, justification_spacing, is_line_start, minimum
            )
        return found

    return split_first_line


def _written(slow: Any) -> Any:
    """Bytes of what a PDF is made of; the commonest kinds first."""

    def to_bytes(item: Any) -> bytes:
        kind = type(item)
        if kind is bytes:
            return item  # type: ignore[no-any-return]
        if kind is str:
            return item.encode("ascii")  # type: ignore[no-any-return]
        if kind is float:
            if item.is_integer():
                return b"%d" % int(item)
            return f"{item:f}".rstrip("0").encode("ascii")
        if kind is int:
            return b"%d" % item
        return slow(item)  # type: ignore[no-any-return]

    return to_bytes


def _computed(css: Any) -> Any:
    """A property nobody set: its parent's value where it is inherited, else its initial one."""
    slow = css.ComputedStyle.__missing__
    initial, inherited = _unset()

    def missing(self: Any, key: str) -> Any:
        if key in self.cascaded or self.parent_style is None or _logical(self):
            return slow(self, key)
        if key in initial:
            value = initial[key]
        elif key in inherited:
            value = self.parent_style[key]
        else:
            return slow(self, key)
        self[key] = value
        return value

    return missing


def _unset() -> tuple[dict[str, Any], frozenset[str]]:
    """Properties whose value needs no working out when nobody set them: initial, inherited."""
    from weasyprint.css import properties

    own = {"float", "display", "position", "page", "direction"}
    initial = {
        name: value
        for name, value in properties.INITIAL_VALUES.items()
        if name not in properties.INHERITED | properties.INITIAL_NOT_COMPUTED | own
        and not name.startswith("text_decoration_")
    }
    return initial, frozenset(properties.INHERITED) - own


def _logical(style: Any) -> bool:
    """Whether a property like `margin-inline` was set, that sets another one."""
    told = style.__dict__.get("logical")
    if told is None:
        told = style.logical = any("block" in name or "inline" in name for name in style.cascaded)
    return bool(told)


def _backgrounds(slow: Any) -> Any:
    """Backgrounds of a box and its children. Most boxes have none and no round corners."""
    square = dict.fromkeys(_CORNERS, (0, 0))

    def layout_box_backgrounds(
        page: Any, box: Any, images: Any, layout_children: bool = True, style: Any = None
    ) -> None:
        own = box.style.__dict__
        if style is not None or box is page:
            slow(page, box, images, layout_children, style)
            return
        if "bare" not in own:
            own["bare"] = _bare(box.style)
        if not own["bare"]:
            slow(page, box, images, layout_children, style)
            return
        box.__dict__.update(square)
        box.background = None
        if layout_children:
            for child in box.all_children():
                layout_box_backgrounds(page, child, images)

    return layout_box_backgrounds


def _bare(style: Any) -> bool:
    return (
        all((0, "px") in style[name] for name in _CORNERS)
        and style["border_image_source"][0] == style["mask_border_source"][0] == "none"
        and style["visibility"] != "hidden"
        and all(kind == "none" for kind, _ in style["background_image"])
        and style["background_color"] != "currentcolor"
        and style["background_color"].alpha == 0
        and not style["box_shadow"]
    )
