"""What a JSON body may be: hostile input is refused with a sentence, and nothing is stored."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tests.web import probes

PATH = "/api/probes/"
JSON = "application/json"


def stored(session: Session) -> int:
    session.rollback()
    return session.scalar(select(func.count()).select_from(probes.ROWS)) or 0


def send(call: Callable[..., Any], body: bytes | str, content_type: str = JSON) -> Any:
    return call("POST", PATH, data=body, content_type=content_type)


def field_of(answer: Any) -> str:
    assert answer.status_code == 422, answer.get_data(as_text=True)
    (error,) = answer.json["errors"]
    assert error["detail"] in answer.json["detail"]
    return str(error["field"])


UNREADABLE = (
    "",
    " ",
    "{",
    "nonsense",
    "\ufeff{}",
    '{"name": "a", }',
    "{'name': 'a'}",
    '{"name": "a"} {}',
    '{"name": "a", "name": "b"}',
    '{"name": "a", "parts": [{"weight": 1, "weight": 0}]}',
    '{"name": "a", "share": NaN}',
    '{"name": "a", "share": Infinity}',
    '{"name": "a", "share": -Infinity}',
    '{"name": "a", "share": 1e400}',
    '{"name": "a", "share": -1e400}',
    '{"name": "a", "cash": 1e999999999}',
    '{"name": "a", "count": ' + "9" * 200 + "}",
    '{"name": "a", "count": ' + "9" * 5000 + "}",
    '{"name": "a", "cash": 0.' + "1" * 200 + "}",
    '{"name": "\\u0000"}',
    '{"name": "\\ud800"}',
    '{"name": "a", "parts": ["\\udfff"]}',
    '{"\\ud800": 1}',
    '{"\\u0000": 1}',
    "[" * 100_000,
    '{"a":' * 50_000,
    b"\xff\xfe{\x00}\x00",
    b'{"name": "\xed\xa0\x80"}',
    b'{"name": "\xff"}',
    "[]",
    "null",
    "1",
    '"name"',
    "true",
)


def test_what_cannot_be_read_is_400(
    call: Callable[..., Any], session: Session, subtests: pytest.Subtests
) -> None:
    for body in UNREADABLE:
        with subtests.test(body=body[:60]):
            answer = send(call, body)
            assert answer.status_code == 400
            assert answer.content_type == "application/problem+json"
            assert answer.json["code"] == "bad-json"
    assert stored(session) == 0


@pytest.mark.parametrize("extra", ["nam", "Name", "__class__", "x" * 500, "é", ""])
def test_an_unknown_field_is_400_and_named(call: Callable[..., Any], extra: str) -> None:
    answer = call("POST", PATH, json={"name": "a", extra: 1})
    assert answer.status_code == 400
    assert answer.json["code"] == "unknown-field"
    (error,) = answer.json["errors"]
    assert error["field"] == extra[:60]
    assert len(answer.data) < 1000


def test_an_unknown_field_inside_is_named_with_its_place(call: Callable[..., Any]) -> None:
    answer = call("POST", PATH, json={"name": "a", "parts": [{"weight": 1}, {"w": 1}]})
    assert answer.status_code == 400
    assert [e["field"] for e in answer.json["errors"]] == ["parts.1.w"]


WRONG: tuple[tuple[str, Any], ...] = (
    *(("name", v) for v in (None, 1, True, "", "   ", "x" * 21, [], {}, "a\u202eb", "a\x07b")),
    *(("cash", v) for v in ("-1", "0", "0.001", "1e3", "NaN", "Infinity", "", " ", "1,000")),
    *(("cash", v) for v in (-1, 0, True, False, [], {}, "１", "1_0", "0x1", "1.2.3", "--1")),
    *(("cash", v) for v in ("1000000000000", 10**15, "9" * 200, 0.001, 1e-7, 1e300, "😀")),
    *(("fee", v) for v in ("-0.01", -1, "x")),
    *(("price", v) for v in ("0", "-1", "0.0000001", 0)),
    *(("quantity", v) for v in ("0", "-1", "0.0000000001", "1000000000", 0, 1e-10)),
    *(("pct", v) for v in ("-0.1", "100.0001", "0.00001", 101)),
    *(("move", v) for v in ("0", "10000.01", 0.001)),
    *(("symbol", v) for v in ("", " ", "x" * 21, 7, "ÄÄÄ", "ﬁ", "a\tb")),
    *(("day", v) for v in ("2010-02-30", "2010-2-3", "today", 20100203, 0, True, "")),
    *(("day", v) for v in ("2010-02-03T00:00:00", "٢٠١٠-01-01", "0000-01-01", "99999-01-01")),
    *(("moment", v) for v in ("2010-02-30T00:00:00Z", "2010", 0, 1.5, "2010-02-03", "x" * 99)),
    ("moment", "0001-01-01T00:00:00+14:00"),
    ("moment", "9999-12-31T23:59:59-14:00"),
    *(("share", v) for v in ("1", 10.5, -11, True, [], "NaN")),
    *(("count", v) for v in ("1", 1.5, 101, -1, True, 10**19, 1e2)),
    *(("flag", v) for v in (1, 0, "true", "yes", "on")),
    *(("side", v) for v in ("Buy", "hold", "", 1, True, None)),
    ("parts", {}),
    ("parts", "x"),
    ("parts", [{"weight": 1}] * 4),
)


def test_a_wrong_value_is_422_and_its_field_is_named(
    call: Callable[..., Any], session: Session, subtests: pytest.Subtests
) -> None:
    for field, value in WRONG:
        with subtests.test(field=field, value=str(value)[:60]):
            body = json.dumps({"name": "a", field: value})
            answer = call("POST", PATH, data=body, content_type=JSON)
            assert field_of(answer) == field
            detail = answer.json["errors"][0]["detail"]
            assert detail.endswith(".")
            assert "pydantic" not in detail
            assert "Input should" not in detail
    assert stored(session) == 0


def test_every_failed_field_is_listed_once(call: Callable[..., Any]) -> None:
    answer = call("POST", PATH, json={"cash": "x", "side": 3, "parts": [{"weight": 2}, 5]})
    assert answer.status_code == 422
    named = [e["field"] for e in answer.json["errors"]]
    assert named == ["name", "cash", "side", "parts.0.weight", "parts.1"]
    assert answer.json["detail"] == f"{', '.join(named)} are not valid."


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"cash": "12.5"}, {"cash": "12.5"}),
        ({"cash": "12.50"}, {"cash": "12.50"}),
        ({"cash": 12}, {"cash": "12"}),
        ({"quantity": "10.000000000"}, {"quantity": "10"}),
        ({"quantity": "0.000000001"}, {"quantity": "0.000000001"}),
        ({"price": "604.850000"}, {"price": "604.85"}),
        ({"price": "3140.062500"}, {"price": "3140.0625"}),
        ({"price": "7.000000"}, {"price": "7.00"}),
        ({"day": "2012-02-29"}, {"day": "2012-02-29"}),
        ({"moment": "2010-03-31T10:30:00-04:00"}, {"moment": "2010-03-31T14:30:00Z"}),
        ({"moment": "2010-03-31T14:30:00.5Z"}, {"moment": "2010-03-31T14:30:00.500000Z"}),
        ({"moment": "2010-03-31T14:30"}, {"moment": "2010-03-31T14:30:00Z"}),
        ({"share": 1}, {"share": 1.0}),
        ({"name": "  Ada  "}, {"name": "Ada"}),
        ({"name": "😀 日本"}, {"name": "😀 日本"}),
    ],
)
def test_what_is_exact_stays_exact(
    call: Callable[..., Any], sent: dict[str, Any], said: dict[str, Any]
) -> None:
    answer = call("POST", PATH, json={"name": "a", **sent})
    assert answer.status_code == 201, answer.json
    assert {name: answer.json[name] for name in said} == said


def test_a_json_number_is_read_by_its_digits_not_as_a_double(call: Callable[..., Any]) -> None:
    body = '{"name": "a", "quantity": 123456789.123456789, "cash": 999999999999.99}'
    answer = send(call, body)
    assert answer.status_code == 201
    assert answer.json["quantity"] == "123456789.123456789"
    assert answer.json["cash"] == "999999999999.99"


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("text/plain", '{"name": "a"}'),
        ("application/x-www-form-urlencoded", "name=a"),
        ("multipart/form-data; boundary=x", "--x--"),
        ("application/xml", "<a/>"),
        ("", '{"name": "a"}'),
        ("json", '{"name": "a"}'),
    ],
)
def test_another_content_type_is_415(
    call: Callable[..., Any], content_type: str, body: str
) -> None:
    answer = send(call, body, content_type)
    assert answer.status_code == 415
    assert answer.json["code"] == "unsupported-media-type"


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "application/a+json"])
def test_json_has_several_names(call: Callable[..., Any], content_type: str) -> None:
    assert send(call, '{"name": "a"}', content_type).status_code == 201


def test_more_than_a_mebibyte_is_413(call: Callable[..., Any], session: Session) -> None:
    answer = send(call, json.dumps({"name": "x" * 1024 * 1024}))
    assert answer.status_code == 413
    assert "1,048,576" in answer.json["detail"]
    assert stored(session) == 0


def test_a_chunked_body_is_not_cut_but_refused(call: Callable[..., Any], session: Session) -> None:
    """Two objects, the first of which ends within the limit."""
    body = json.dumps({"name": "x"}) + " " * 1024 * 1024 + json.dumps({"name": "y"})
    answer = call(
        "POST",
        PATH,
        input_stream=io.BytesIO(body.encode()),
        content_type=JSON,
        environ_overrides={"wsgi.input_terminated": True},
    )
    assert answer.status_code == 413
    assert stored(session) == 0


def test_just_below_a_mebibyte_is_read(call: Callable[..., Any]) -> None:
    body = json.dumps({"name": "x"})
    assert send(call, body + " " * (1024 * 1024 - len(body))).status_code == 201


scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(st.characters(exclude_categories=[])),
)
values = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))
FIELDS = (
    *("name", "cash", "fee", "price", "quantity", "pct", "move", "symbol", "day", "moment"),
    *("share", "count", "flag", "side", "parts"),
)


@settings(
    max_examples=300,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(body=st.dictionaries(st.sampled_from(FIELDS), values, max_size=4), seen=st.booleans())
def test_no_body_crashes(call: Callable[..., Any], body: dict[str, Any], seen: bool) -> None:
    sent = {"name": "a", **body} if seen else body
    answer = send(call, json.dumps(sent))
    assert answer.status_code in (201, 400, 422)


@settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(raw=st.binary(max_size=60))
def test_no_bytes_crash(call: Callable[..., Any], raw: bytes) -> None:
    assert send(call, raw).status_code in (400, 422)
