"""Faults of the wire, the same for every provider."""

from __future__ import annotations

import contextlib
import gzip
import socket
import struct
import time
import zlib
from functools import cache
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Response

if TYPE_CHECKING:
    from tests.emulator.server import Asked, Fault

HTML = "<!doctype html><html><head><title>502 Bad Gateway</title></head><body>Sorry</body></html>"


class Dropped(ConnectionError):
    """Ends the handling of a request whose connection was dealt with already."""


def spoil(asked: Asked, response: Response) -> Response:
    """The response after the wire's faults; may talk to the socket itself and drop the request."""
    for fault in asked.faults:
        act = _ACTS.get(fault.kind)
        if act is not None:
            response = act(asked, fault, response)
    return response


def _socket(asked: Asked) -> socket.socket:
    made: socket.socket = asked.request.environ["werkzeug.socket"]
    return made


def _raw(asked: Asked, head: str, body: bytes) -> None:
    _socket(asked).sendall(f"HTTP/1.1 200 OK\r\n{head}\r\n\r\n".encode() + body)


def hang(asked: Asked, fault: Fault, response: Response) -> Response:
    time.sleep(fault.options.get("seconds", 2.0))
    return response


def trickle(asked: Asked, fault: Fault, response: Response) -> Response:
    """Every byte on its own; `part` says whether the headers or the body."""
    body = response.get_data()
    length = f"Content-Length: {len(body)}\r\n" if fault.options.get("length", True) else ""
    head = f"HTTP/1.1 200 OK\r\n{length}\r\n".encode()
    if fault.options.get("part") != "headers":
        _socket(asked).sendall(head)
        head = b""
    with contextlib.suppress(OSError):
        for byte in head + body:
            _socket(asked).sendall(bytes([byte]))
            time.sleep(fault.options.get("pause", 0.05))
    raise Dropped


def cut(asked: Asked, fault: Fault, response: Response) -> Response:
    body = response.get_data()
    _raw(asked, f"Content-Type: application/json\r\nContent-Length: {len(body)}",
         body[: len(body) // 2])  # fmt: skip
    _socket(asked).shutdown(socket.SHUT_RDWR)
    raise Dropped


def reset(asked: Asked, fault: Fault, response: Response) -> Response:
    _socket(asked).setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    _socket(asked).close()
    raise Dropped


def gzip_garbage(asked: Asked, fault: Fault, response: Response) -> Response:
    return Response(b"\x1f\x8b garbage", headers={"Content-Encoding": "gzip"})


def gzip_cut(asked: Asked, fault: Fault, response: Response) -> Response:
    packed = gzip.compress(response.get_data())[:-12]
    return Response(packed, headers={"Content-Encoding": "gzip"})


def gzipped(asked: Asked, fault: Fault, response: Response) -> Response:
    packed = gzip.compress(response.get_data())
    return Response(packed, response.status_code, {"Content-Encoding": "gzip"})


def bomb(asked: Asked, fault: Fault, response: Response) -> Response:
    return Response(_bomb(), headers={"Content-Encoding": "gzip"})


@cache
def _bomb() -> bytes:
    """64 MB of blanks in some hundred kilobytes, packed once."""
    packer = zlib.compressobj(1, wbits=31)
    return b"".join([*(packer.compress(b" " * 1024 * 1024) for _ in range(64)), packer.flush()])


def unasked_encoding(asked: Asked, fault: Fault, response: Response) -> Response:
    return Response(response.get_data(), headers={"Content-Encoding": "br"})


def oversize(asked: Asked, fault: Fault, response: Response) -> Response:
    return Response(b" " * fault.options.get("size", 9 * 1024 * 1024) + response.get_data())


def wrong_charset(asked: Asked, fault: Fault, response: Response) -> Response:
    return Response(response.get_data(), content_type="application/json; charset=utf-16")


def latin1(asked: Asked, fault: Fault, response: Response) -> Response:
    return Response('{"name": "Société"}'.encode("latin-1"), content_type="application/json")


def bom(asked: Asked, fault: Fault, response: Response) -> Response:
    return Response(b"\xef\xbb\xbf" + response.get_data(), content_type="application/json")


def json_as_html(asked: Asked, fault: Fault, response: Response) -> Response:
    return Response(response.get_data(), response.status_code, content_type="text/html")


def html_as_json(asked: Asked, fault: Fault, response: Response) -> Response:
    return Response(HTML, content_type="application/json")


def status(asked: Asked, fault: Fault, response: Response) -> Response:
    headers = dict(fault.options.get("headers", {}))
    return Response(HTML, fault.options.get("code", 503), headers, content_type="text/html")


def redirect_loop(asked: Asked, fault: Fault, response: Response) -> Response:
    return Response("", 302, {"Location": asked.request.full_path})


def redirect_away(asked: Asked, fault: Fault, response: Response) -> Response:
    away = fault.options.get("to", "http://consent.invalid/?key=")
    return Response("", 302, {"Location": away + asked.key})


def not_a_number(asked: Asked, fault: Fault, response: Response) -> Response:
    return Response('{"results":[{"o":NaN,"c":Infinity}],"status":"OK"}')


def echo(asked: Asked, fault: Fault, response: Response) -> Response:
    """An error page that quotes the request, key and all."""
    seen: Any = asked.request.url + str(dict(asked.request.headers))
    return Response(f"bad request: {seen}", fault.options.get("code", 400))


_ACTS = {
    act.__name__: act
    for act in (
        *(hang, trickle, cut, reset, gzip_garbage, gzip_cut, gzipped, bomb, unasked_encoding),
        *(oversize, wrong_charset, latin1, bom, json_as_html, html_as_json, status),
        *(redirect_loop, redirect_away, not_a_number, echo),
    )
}
