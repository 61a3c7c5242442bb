"""What is looked at before anything starts: the port, Pango."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import socket

from stocksite.embedded.errors import StartError

HOST = "127.0.0.1"
"""The one-command site is for this machine; `gunicorn.conf.py` alone listens to the world."""

_PANGO = ("libpango-1.0.so.0", "libpango-1.0.dylib", "/opt/homebrew/lib/libpango-1.0.dylib")


def listen(port: int) -> socket.socket:
    """Open the web's port now and keep it: nobody can take it while the rest starts.

    Visitors who come early wait for their page instead of being refused.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen(2048)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise StartError(
                f"Port {port} is taken by another program: stop that one, or choose another port, "
                f"for example: make run PORT={_free_port_after(port)}"
            ) from None
        raise StartError(
            f"Port {port} cannot be opened ({error.strerror}): choose one from 1024 up, for "
            "example: make run PORT=8000"
        ) from None
    return listener


def _free_port_after(port: int) -> int:
    for candidate in range(port + 1, min(port + 50, 65535)):
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind((HOST, candidate))
            return candidate
    return 8800


def pango_note() -> str | None:
    """A line for the user when PDF reports cannot be made, None when they can."""
    for name in _PANGO:
        with contextlib.suppress(OSError):
            ctypes.CDLL(name)
            return None
    return (
        "PDF reports need Pango, which is not installed (Debian, Ubuntu: apt install "
        "libpango-1.0-0 libpangoft2-1.0-0; macOS: brew install pango). Everything else works."
    )
