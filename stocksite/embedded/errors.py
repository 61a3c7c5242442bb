"""What stops a start: one exception, whose text is the sentence the user reads."""

from __future__ import annotations

import errno
import re
from pathlib import Path


class StartError(Exception):
    """The site cannot start. The message is one sentence and names the way out."""


def explain_os_error(error: OSError, doing: str) -> StartError:
    """Turn a failed file operation into the sentence for it. `doing` completes "Cannot ..."."""
    where = f" ({error.filename})" if error.filename else ""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StartError(
            f"Cannot {doing}: the disk is full{where}; free some space or set DATA_DIR to "
            "a folder on another disk."
        )
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return StartError(
            f"Cannot {doing}: {error.strerror}{where}; start stocksite as the owner of that folder "
            "or set DATA_DIR to one you may write to."
        )
    return StartError(f"Cannot {doing}: {error.strerror or error}{where}; try another DATA_DIR.")


_SQLALCHEMY_LINK = "(Background on this error at:"
_EXCEPTION = re.compile(r"[\w.]+Error: ")


def last_line(log: Path) -> str:
    """The last line of a log that says something, or an empty string.

    SQLAlchemy goes on after the error itself with the statement, its parameters and a link; then
    it is the line of the error.
    """
    try:
        with log.open("rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - 16384))
            lines = file.read().decode(errors="replace").splitlines()
    except OSError:
        return ""
    said = [line.strip() for line in lines if line.strip()] or [""]
    if said[-1].startswith(_SQLALCHEMY_LINK):
        said = [line for line in said if _EXCEPTION.match(line)] or said
    return said[-1]
