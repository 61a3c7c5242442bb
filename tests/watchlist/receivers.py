"""Two servers on this machine to send to: a webhook's receiver and a mail server, both scripted."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

Handler = Callable[[socket.socket], None]


class Receiver:
    """Accepts connections on a free port and hands each to the next handler (the last repeats)."""

    def __init__(self, *handlers: Handler) -> None:
        self.handlers = handlers
        self.taken: list[bytes] = []
        self.connections = 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            handler = self.handlers[min(self.connections, len(self.handlers) - 1)]
            self.connections += 1
            threading.Thread(target=self._one, args=(handler, connection), daemon=True).start()

    def _one(self, handler: Handler, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            handler(connection)

    def close(self) -> None:
        """Stop listening."""
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    # -- handlers of a webhook ------------------------------------------------------------------

    def read_request(self, connection: socket.socket) -> bytes:
        """One whole HTTP request."""
        data = b""
        while b"\r\n\r\n" not in data:
            data += connection.recv(65536)
        head, _, body = data.partition(b"\r\n\r\n")
        length = next(
            int(line.split(b":")[1])
            for line in head.split(b"\r\n")
            if line.lower().startswith(b"content-length")
        )
        while len(body) < length:
            body += connection.recv(65536)
        self.taken.append(head + b"\r\n\r\n" + body)
        return self.taken[-1]


def answering(status: str, *lines: str, body: bytes = b"") -> Callable[[Receiver], Handler]:
    """A handler that reads the request and gives this answer."""

    def made(receiver: Receiver) -> Handler:
        def handle(connection: socket.socket) -> None:
            receiver.read_request(connection)
            head = "\r\n".join([f"HTTP/1.1 {status}", *lines, "", ""])
            connection.sendall(head.encode("latin-1") + body)

        return handle

    return made


@contextmanager
def webhook(*makers: Callable[[Receiver], Handler]) -> Iterator[Receiver]:
    """A receiver whose handlers are made for it."""
    receiver = Receiver(lambda connection: None)
    receiver.handlers = tuple(maker(receiver) for maker in makers)
    try:
        yield receiver
    finally:
        receiver.close()


# -- a mail server -------------------------------------------------------------------------------


@contextmanager
def mail_server(**answers: str) -> Iterator[Receiver]:
    """A small SMTP server; `answers` replaces what it says to a verb (`RCPT="550 no such user"`).

    Messages gather in `taken`.
    """
    receiver = Receiver(lambda connection: None)

    def handle(connection: socket.socket) -> None:
        lines = connection.makefile("rb")

        def say(text: str) -> None:
            connection.sendall(text.encode() + b"\r\n")

        say(answers.get("HELLO", "220 here"))
        while line := lines.readline():
            verb = line[:4].upper().decode().strip()
            if verb in answers:
                say(answers[verb])
            elif verb == "EHLO":
                say(answers.get("FEATURES", "250 here"))
            elif verb == "DATA":
                say("354 go on")
                message = b""
                while (part := lines.readline()) != b".\r\n":
                    message += part
                receiver.taken.append(message)
                say(answers.get("DONE", "250 taken"))
            elif verb == "QUIT":
                say("221 bye")
                return
            else:
                say("250 ok")

    receiver.handlers = (handle,)
    try:
        yield receiver
    finally:
        receiver.close()


def dripping(connection: socket.socket) -> None:
    """Says one byte of an answer now and then, for ever."""
    for byte in b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000:
        connection.sendall(bytes([byte]))
        time.sleep(0.05)
