"""The wire: whatever it does, an answer in time or an error that says which, and never a key."""

from __future__ import annotations

import logging
import socket
import time
import traceback
from datetime import date
from typing import Any

import pytest

from stocksite.market.providers.base import Basis, Instrument
from stocksite.market.providers.errors import (
    MalformedPayload,
    ProviderError,
    UpstreamTimeout,
    UpstreamUnavailable,
)
from stocksite.market.providers.http import Bounds
from stocksite.market.providers.redaction import Secret, redact
from stocksite.market.providers.setup import Desk
from stocksite.market.providers.transport import Manners
from tests.emulator import Emulator
from tests.market.live.conftest import ALPHA_KEY, MASSIVE_KEY, MakeDesk

IBM = Instrument("IBM")
DAYS = date(2012, 2, 1), date(2012, 3, 1)
ONCE = Manners(interactive=True, retries=0)
KEYS = (ALPHA_KEY, MASSIVE_KEY)


def ask(desk: Desk, name: str = "massive") -> Any:
    source: Any = desk.chain.sources[name]
    return source.daily_bars(IBM, *DAYS, Basis.RAW)


@pytest.mark.parametrize(
    ("fault", "options", "kind"),
    [
        ("hang", {"seconds": 0.9}, UpstreamTimeout),
        ("trickle", {"pause": 0.02}, UpstreamTimeout),
        ("trickle", {"pause": 0.02, "part": "headers"}, UpstreamTimeout),
        ("trickle", {"pause": 0.02, "length": False}, UpstreamTimeout),
        ("cut", {}, UpstreamUnavailable),
        ("reset", {}, UpstreamUnavailable),
        ("gzip_garbage", {}, MalformedPayload),
        ("gzip_cut", {}, UpstreamUnavailable),
        ("bomb", {}, MalformedPayload),
        ("unasked_encoding", {}, MalformedPayload),
        ("oversize", {}, MalformedPayload),
        ("latin1", {}, MalformedPayload),
        ("html_as_json", {}, UpstreamUnavailable),
        ("status", {"code": 500}, UpstreamUnavailable),
        ("status", {"code": 502}, UpstreamUnavailable),
        ("status", {"code": 503}, UpstreamUnavailable),
        ("redirect_loop", {}, UpstreamUnavailable),
        ("redirect_away", {}, UpstreamUnavailable),
        ("not_a_number", {}, MalformedPayload),
        ("echo", {}, MalformedPayload),
    ],
)
@pytest.mark.parametrize("name", ["massive", "alpha_vantage", "yahoo"])
def test_faults_become_errors_without_keys(
    emulator: Emulator,
    make_desk: MakeDesk,
    caplog: pytest.LogCaptureFixture,
    name: str,
    fault: str,
    options: dict[str, Any],
    kind: type[ProviderError],
) -> None:
    caplog.set_level(logging.DEBUG)
    desk = make_desk(ONCE)
    emulator.fault(fault, provider=name, **options)
    began = time.monotonic()
    with pytest.raises(ProviderError) as caught:
        ask(desk, name)
    assert type(caught.value) is kind
    assert time.monotonic() - began < 10
    assert len(emulator.journal) == 1
    everything = caplog.text + "".join(traceback.format_exception(caught.value))
    context: BaseException | None = caught.value
    while context is not None:
        everything += repr(context) + str(context)
        context = context.__cause__ or context.__context__
    assert not any(key in everything for key in KEYS)


@pytest.mark.parametrize("fault", ["gzipped", "bom", "wrong_charset", "json_as_html"])
def test_odd_dress_is_no_error(emulator: Emulator, make_desk: MakeDesk, fault: str) -> None:
    desk = make_desk(ONCE)
    emulator.fault(fault)
    assert len(ask(desk)) == 21


def test_nobody_listens(make_desk: MakeDesk) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    desk = make_desk(ONCE)
    object.__setattr__(desk.chain.sources["massive"]._send.account, "base_url",  # type: ignore[attr-defined]
                       f"http://127.0.0.1:{port}")  # fmt: skip
    with pytest.raises(UpstreamUnavailable, match="refused"):
        ask(desk)


def test_a_name_that_does_not_resolve(make_desk: MakeDesk) -> None:
    desk = make_desk(ONCE)
    object.__setattr__(desk.chain.sources["massive"]._send.account, "base_url",  # type: ignore[attr-defined]
                       "http://no-such-host.invalid")  # fmt: skip
    with pytest.raises((UpstreamUnavailable, UpstreamTimeout)) as caught:
        ask(desk)
    assert "no-such-host.invalid" in caught.value.text


def test_a_passing_fault_is_tried_again(emulator: Emulator, make_desk: MakeDesk) -> None:
    desk = make_desk(Manners(interactive=True, retries=2, backoff_s=0.02))
    emulator.fault("status", times=1, code=503)
    emulator.fault("reset", times=2)
    assert len(ask(desk)) == 21
    assert len(emulator.journal) == 3


def test_it_is_not_tried_for_ever(emulator: Emulator, make_desk: MakeDesk) -> None:
    desk = make_desk(Manners(interactive=True, retries=2, backoff_s=0.02))
    emulator.fault("status", code=503)
    with pytest.raises(UpstreamUnavailable):
        ask(desk)
    assert len(emulator.journal) == 3


def test_a_long_retry_after_is_not_waited_for(emulator: Emulator, make_desk: MakeDesk) -> None:
    desk = make_desk(Manners(interactive=True, retries=2))
    emulator.fault("status", code=503, headers={"Retry-After": "600"})
    with pytest.raises(UpstreamUnavailable) as caught:
        ask(desk)
    assert len(emulator.journal) == 1
    assert caught.value.retry_after_s == 600


def test_the_whole_has_a_deadline_even_when_every_read_is_quick(
    emulator: Emulator, make_desk: MakeDesk
) -> None:
    desk = make_desk(ONCE, Bounds(connect_s=1, read_s=5, total_s=0.4))
    emulator.fault("trickle", pause=0.01, part="headers")
    with pytest.raises(UpstreamTimeout):
        ask(desk)


def test_a_bomb_is_never_unpacked(emulator: Emulator, make_desk: MakeDesk) -> None:
    import tracemalloc

    desk = make_desk(ONCE, Bounds(connect_s=1, read_s=2, total_s=8, max_bytes=256 * 1024))
    emulator.fault("bomb")
    with pytest.raises(MalformedPayload):
        ask(desk)
    tracemalloc.start()
    with pytest.raises(MalformedPayload, match="larger than"):
        ask(desk)
    assert tracemalloc.get_traced_memory()[1] < 8 * 1024 * 1024
    tracemalloc.stop()


def test_secrets_do_not_show() -> None:
    secret = Secret("abc+def/123=")
    assert "abc" not in repr(secret) + str(secret) + f"{secret!s}"
    assert redact("x?k=abc%2Bdef%2F123%3D&y") == "x?k=[key]&y"
    assert redact("?apiKey=whatever&q=1 Bearer tok.en") == "?apiKey=[key]&q=1 Bearer [key]"
    assert redact("We have detected your API key as ZZZZ and") == (
        "We have detected your API key as [key] and"
    )
    import pickle

    with pytest.raises(TypeError):
        pickle.dumps(secret)
