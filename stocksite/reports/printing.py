"""A report as a PDF: tagged (PDF/UA-1), bookmarked, its JSON attached, nothing ever fetched.

Runs in the worker only. WeasyPrint may read `data:` addresses and nothing else; names and notes
are escaped text, and no style or address of a person's gets in.
"""

from __future__ import annotations

import gc
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.resources import as_file, files
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from stocksite.core.errors import ProviderUnavailable
from stocksite.reports import drawing, native, quicker, typesetting
from stocksite.reports.content import Chart, Report
from stocksite.reports.paper_svg import for_paper
from stocksite.web import format as formats

log = logging.getLogger(__name__)

WIDTH_PX: Final = 672.0
"""Of a chart: 178 mm, the text width of the page, at 96 px an inch."""
FACES: Final = ("ReportSans-Regular.ttf", "ReportSans-SemiBold.ttf")
"""Inter, cut to Latin, Greek, Cyrillic and what formulas need, under a name of its own."""
MAX_BYTES: Final = 8_000_000
Progress = Callable[[float, str], None]


@dataclass(frozen=True, slots=True)
class Printed:
    """A finished PDF."""

    pdf: bytes
    pages: int


def document(report: Report, id_: str) -> str:
    """The HTML that is printed: complete in itself."""
    return (
        _environment()
        .get_template("reports/paper.html")
        .render(report=report, id=id_, paper=True, draw=_draw, legend=drawing.legend)
    )


def _draw(chart: Chart) -> Markup:
    return for_paper(drawing.draw(chart), WIDTH_PX)


def print_pdf(
    report: Report, content: str, digest: str, id_: str, progress: Progress | None = None
) -> Printed:
    """The PDF of a report; `content` is its stored JSON, `digest` that text's SHA-256.

    Raises ProviderUnavailable `pdf-unavailable` where the system's libraries are missing.
    """
    with _uncollected():
        return _print(report, content, digest, id_, progress)


@contextmanager
def _uncollected() -> Iterator[None]:
    """A document is a million objects that all live to its end: looking for cycles among them
    costs a tenth of the time and finds nothing.
    """
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _print(
    report: Report, content: str, digest: str, id_: str, progress: Progress | None
) -> Printed:
    say = progress or (lambda share, message: None)
    html = document(report, id_)
    say(0.2, "Setting the type")
    weasyprint = _weasyprint()
    fetcher = _fetcher()
    laid = typesetting.read(weasyprint, html, fetcher).render(
        stylesheets=[_styles(weasyprint)], font_config=_fonts(weasyprint)
    )
    say(0.8, f"Writing {len(laid.pages)} pages")
    attached = weasyprint.Attachment(
        string=content,
        url_fetcher=fetcher,
        name=f"{id_}.json",
        description="The same figures as JSON",
        created=report.as_of,
        modified=report.as_of,
        relationship="Data",
    )
    laid.metadata.attachments = [attached]
    laid.metadata.generator = "stocksite"
    laid.metadata.created = formats.iso(report.as_of)
    pdf: bytes = laid.write_pdf(
        pdf_variant="pdf/ua-1",
        custom_metadata=False,
        full_fonts=False,
    )
    return Printed(typesetting.identified(pdf, bytes.fromhex(digest[:32])), len(laid.pages))


def _weasyprint() -> Any:
    """WeasyPrint, imported where it is needed: it takes a second and 60 MB."""
    absent = native.missing()
    if absent:
        raise ProviderUnavailable(native.sentence(absent), code="pdf-unavailable")
    try:
        with native.by_file_name():
            import weasyprint
    except OSError as error:
        raise ProviderUnavailable(
            f"No PDF: a library could not be loaded ({error}). {native.ADVICE}",
            code="pdf-unavailable",
        ) from error
    _prepare()
    return weasyprint


@cache
def _prepare() -> None:
    """Once per process: quiet, quick, and 40,000 objects of modules no longer looked through for
    cycles after every report.
    """
    logging.getLogger("weasyprint").setLevel(logging.ERROR)
    quicker.install()
    quicker.pack_quickly()
    gc.freeze()


@cache
def _fonts(weasyprint: Any) -> Any:
    """One set of fonts per process: the system's, and ours before them.

    Ours are handed to Fontconfig as files. In an `@font-face` they would be read as text at every
    document: 0.2 s each time.
    """
    from weasyprint.text.ffi import ffi, fontconfig, pangoft2
    from weasyprint.text.fonts import FontConfiguration

    made = FontConfiguration()
    for name in FACES:
        with as_file(files("stocksite.reports").joinpath("fonts", name)) as path:
            added = fontconfig.FcConfigAppFontAddFile(made._config, str(path).encode())
        if not added:
            log.warning("the font %s could not be read; another one takes its place", name)
    pangoft2.pango_fc_font_map_config_changed(ffi.cast("PangoFcFontMap *", made.font_map))
    return made


@cache
def _styles(weasyprint: Any) -> Any:
    """The style sheet, read once per process."""
    text = files("stocksite.reports").joinpath("paper.css").read_text("utf-8")
    return weasyprint.CSS(string=text, font_config=_fonts(weasyprint), url_fetcher=_fetcher())


@cache
def _fetcher() -> Any:
    """What may be fetched: `data:` addresses, of which there are none."""
    import weasyprint

    return weasyprint.URLFetcher(allowed_protocols=("data",), allow_redirects=False)


@cache
def _environment() -> Environment:
    """Jinja by itself: a worker needs no web framework to print."""
    made = Environment(
        loader=FileSystemLoader(str(files("stocksite.reports").joinpath("templates"))),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(formats.FILTERS)
    return made
