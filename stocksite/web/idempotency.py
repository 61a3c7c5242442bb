"""`Idempotency-Key`: the same POST twice has one effect and two equal answers.

Only answers below 400 are kept, for 24 h. What is kept is sealed with a key made from the site's
secret and the client's key, because some answers hold a secret that is shown once.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import re
from collections.abc import Callable
from typing import Any, Final

from flask import Response, current_app, request
from sqlalchemy.orm import Session

from stocksite.core.clock import wall_now
from stocksite.core.errors import BadRequest, Conflict, RuleViolation
from stocksite.core.idempotency import StoredAnswer, claim_key, store_answer

HEADER: Final = "Idempotency-Key"
REPLAYED: Final = "Idempotent-Replayed"
_KEY: Final = re.compile(r"[!-~]{1,255}", re.ASCII)
_NONCE: Final = 16


def requested_key() -> str | None:
    """The request's key, or None without one. Raises BadRequest for one that cannot be kept."""
    key = request.headers.get(HEADER)
    if key is None:
        return None
    if not _KEY.fullmatch(key):
        raise BadRequest(
            f"{HEADER} takes 1 to 255 visible ASCII characters; a UUID does well.",
            code="invalid-idempotency-key",
        )
    return key


def once(
    session: Session, user_id: int | None, key: str, content: Any, answer: Callable[[], Response]
) -> Response:
    """Call `answer` and keep what it says, or say again what it said before.

    `content` is the parsed body; with method and path it tells a repeat from another request.
    Raises RuleViolation when the key came with another request before.
    """
    secret = _derive(user_id, key)
    fingerprint = _fingerprint(secret, content)
    before = claim_key(session, user_id, _digest(secret), fingerprint, wall_now())
    if before is not None:
        return _replay(before, fingerprint, secret)
    response = answer()
    if response.status_code < 400:
        store_answer(
            session,
            _digest(secret),
            status=response.status_code,
            body=seal(secret, response.get_data()),
            location=response.headers.get("Location"),
        )
    return response


def _replay(before: StoredAnswer, fingerprint: str, secret: bytes) -> Response:
    if not hmac.compare_digest(before.request_hash, fingerprint):
        raise RuleViolation(
            f"This {HEADER} was used for another request. Use a new key for a new request.",
            code="idempotency-key-reused",
        )
    if before.status is None:
        raise Conflict(
            "The first request with this key has not been answered. Ask again in a moment.",
            code="idempotency-key-in-use",
        )
    response = Response(unseal(secret, before.body), before.status, mimetype="application/json")
    if before.location:
        response.headers["Location"] = before.location
    response.headers[REPLAYED] = "true"
    return response


def _derive(user_id: int | None, key: str) -> bytes:
    """A key of 32 bytes that only the site together with this client can make."""
    site = str(current_app.config["SECRET_KEY"]).encode()
    return hmac.digest(site, f"idempotency:{user_id or 'anyone'}:{key}".encode(), "sha256")


def _digest(secret: bytes) -> str:
    return hmac.digest(secret, b"name", "sha256").hex()


def _fingerprint(secret: bytes, content: Any) -> str:
    """Keyed, so that the stored value says nothing about a password in the body."""
    words = [request.method, request.path.rstrip("/"), request.query_string.decode("latin-1")]
    text = json.dumps([words, content], sort_keys=True, separators=(",", ":"))
    return hmac.digest(secret, text.encode(), "sha256").hex()


def _stream(secret: bytes, nonce: bytes, length: int) -> bytes:
    return hashlib.shake_256(hmac.digest(secret, b"seal" + nonce, "sha256")).digest(length)


def seal(secret: bytes, data: bytes) -> str:
    """Encrypt with a key stream of SHAKE-256 under a fresh nonce, as base64."""
    nonce = os.urandom(_NONCE)
    mixed = bytes(a ^ b for a, b in zip(data, _stream(secret, nonce, len(data)), strict=True))
    return base64.b64encode(nonce + mixed).decode("ascii")


def unseal(secret: bytes, text: str) -> bytes:
    """The inverse of `seal`."""
    raw = base64.b64decode(text)
    nonce, mixed = raw[:_NONCE], raw[_NONCE:]
    return bytes(a ^ b for a, b in zip(mixed, _stream(secret, nonce, len(mixed)), strict=True))
