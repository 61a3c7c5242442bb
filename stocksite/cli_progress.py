"""A progress bar on standard error, and lines beside it that do not run into it."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from click._termui_impl import ProgressBar

Item = TypeVar("Item")

_CLEAR = "\r\x1b[K"
"""Back to the beginning of a terminal's line, and empty it."""


def over(items: Iterable[Item], label: str) -> ProgressBar[Item]:
    """A bar that moves while `items` are gone through, and names the one at hand."""
    return click.progressbar(items, label=label, item_show_func=shown, file=sys.stderr)


def shown(item: Any) -> str:
    """What stands behind the bar: nothing before the first item and after the last."""
    if item is None:
        return ""
    return str(item[0] if isinstance(item, list) and item else item)


def say(line: str, *, err: bool = False) -> None:
    """Print a line of its own while a bar is shown; the bar is drawn anew below it."""
    if sys.stderr.isatty():
        click.echo(_CLEAR, nl=False, err=True)
    click.echo(line, err=err)
