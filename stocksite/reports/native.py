"""Whether PDFs can be made here: Pango and its friends are libraries of the system, not wheels."""

from __future__ import annotations

import ctypes
import ctypes.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Final

_WANTED: Final = (
    ("GLib", ("libgobject-2.0.so.0", "libgobject-2.0.0.dylib", "libgobject-2.0-0.dll")),
    ("Pango", ("libpango-1.0.so.0", "libpango-1.0.dylib", "libpango-1.0-0.dll")),
    ("PangoFT2", ("libpangoft2-1.0.so.0", "libpangoft2-1.0.dylib", "libpangoft2-1.0-0.dll")),
    ("HarfBuzz", ("libharfbuzz.so.0", "libharfbuzz.0.dylib", "libharfbuzz-0.dll")),
    ("Fontconfig", ("libfontconfig.so.1", "libfontconfig.1.dylib", "libfontconfig-1.dll")),
)
ADVICE: Final = (
    "On Debian and Ubuntu: apt install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0. "
    "On macOS: brew install pango. Then start the worker again."
)


def missing() -> tuple[str, ...]:
    """Names of the libraries that cannot be loaded; empty when PDFs can be made."""
    return tuple(name for name, files in _WANTED if not any(map(_loads, files)))


@cache
def _loads(file: str) -> bool:
    try:
        ctypes.CDLL(file)
    except OSError:
        return False
    return True


@contextmanager
def by_file_name() -> Iterator[None]:
    """Load libraries by the file names above only, as WeasyPrint does after other names fail.

    For each of two dozen names that are no file's, `find_library` on Linux starts `ldconfig` and a
    compiler: a quarter of a second of a process that prints one report.
    """
    if not sys.platform.startswith("linux"):
        yield
        return
    asked = ctypes.util.find_library
    ctypes.util.find_library = lambda name: None
    try:
        yield
    finally:
        ctypes.util.find_library = asked


def sentence(names: tuple[str, ...]) -> str:
    """What is missing and what to do about it."""
    verb = "is" if len(names) == 1 else "are"
    return f"No PDF: {', '.join(names)} {verb} not installed on this machine. {ADVICE}"
