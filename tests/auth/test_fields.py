from __future__ import annotations

import pytest

from stocksite.auth import fields
from stocksite.auth.agents import describe, keepable
from stocksite.auth.navigation import safe_next
from stocksite.core.errors import FieldError, InvalidInput

HOSTILE = ["\0", "a\0b", "\ud800", "x" * 1_000_000, "9" * 200, "\u202eabc", "a\nb", "😀😀😀"]


@pytest.mark.parametrize("value", ["ada", "Ada_Lovelace-2.0", "a" * 40, "007"])
def test_good_usernames(value: str) -> None:
    assert fields.username(value) == value


@pytest.mark.parametrize(
    "value",
    [*HOSTILE, "", "ab", "a" * 41, "a b", "ada@example.com", "_ada", ".ada", "аda", "Deleted-3"],
)
def test_bad_usernames(value: str) -> None:
    with pytest.raises(ValueError, match=r"\.$"):
        fields.username(value)


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("ada@example.com", "ada@example.com"),
        ("Ada.L+x@EXAMPLE.com", "Ada.L+x@example.com"),
        ("x@site.test", "x@site.test"),
    ],
)
def test_good_addresses(value: str, kept: str) -> None:
    assert fields.email(value) == kept


@pytest.mark.parametrize(
    "value",
    [*HOSTILE, "", "ada", "ada@", "@example.com", "a b@example.com", "ada@localhost",
     "ada@exa mple.com", "ada@example..com", "Ada <ada@example.com>", "a@b.com, c@d.com",
     "a\0@example.com", "a\r\nBcc: x@example.com", "ada@test", "x" * 250 + "@example.com"],
)  # fmt: skip
def test_bad_addresses(value: str) -> None:
    with pytest.raises(ValueError, match=r"\.$"):
        fields.email(value)


@pytest.mark.parametrize(
    "value", ["", "Ada", "Anne-Marie O'Neill", "José", "李小龙", "Nguyễn", "d’Or"]
)
def test_good_names(value: str) -> None:
    assert fields.personal_name(value) == value


@pytest.mark.parametrize(
    "value", [*HOSTILE[:4], *HOSTILE[5:], "9" * 200, "<b>Ada</b>", "=1+1", "x" * 81]
)
def test_bad_names(value: str) -> None:
    with pytest.raises(ValueError, match=r"\.$"):
        fields.personal_name(value)


def test_names_are_composed_and_trimmed() -> None:
    assert fields.personal_name("  Jose\u0301 ") == "José"


@pytest.mark.parametrize("value", [*HOSTILE, "", "   ", "x" * 81])
def test_bad_labels(value: str) -> None:
    with pytest.raises(ValueError, match=r"\.$"):
        fields.label(value)


@pytest.mark.parametrize(
    "value", ["", "Mars/Olympus", "../etc/passwd", "America/new_york", "\0", "EST5EDT"]
)
def test_bad_zones(value: str) -> None:
    with pytest.raises(ValueError, match="time zone"):
        fields.time_zone(value)


def test_zones_hold_the_default_and_the_world() -> None:
    assert {"America/New_York", "Europe/Berlin", "Asia/Tokyo", "UTC"} <= set(fields.time_zones())


def test_clean_names_every_field_that_failed() -> None:
    with pytest.raises(InvalidInput) as raised:
        fields.clean(
            {"username": "a", "theme": "pink", "first_name": "Ada", "email": 3},
            fields.CHECKS,
            [FieldError("password", "No.")],
        )
    assert [f.field for f in raised.value.fields] == ["password", "username", "theme", "email"]
    assert "4 fields" in raised.value.detail


def test_clean_returns_the_cleaned_values() -> None:
    assert fields.clean({"email": "A@EXAMPLE.com"}, fields.CHECKS) == {"email": "A@example.com"}


@pytest.mark.parametrize(
    "target", ["/", "/watchlist", "/stock/BRK.B?range=1y&x=%2F", "/a#b", "/.//x"]
)
def test_pages_of_this_site_are_safe(target: str) -> None:
    assert safe_next(target) == target


@pytest.mark.parametrize(
    "target",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "\\\\evil.example",
     "javascript:alert(1)", "/\t/evil.example", "/\n/evil.example", " /x", "/x\r\nSet-Cookie: a=b",
     "http:evil.example", "///evil.example", "/\0x", "/ü", "/\ud800", "x", "", None,
     "/" + "x" * 2_000],
)  # fmt: skip
def test_everything_else_is_not(target: str | None) -> None:
    assert safe_next(target) is None


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0",
         "Firefox on Linux"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1",
         "Safari on iPhone"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/130 Safari/537.36 Edg/130",
         "Edge on Windows"),
        ("Mozilla/5.0 (Linux; Android 14) Chrome/130 Mobile Safari/537.36",
         "Chrome on Android"),
        ("curl/8.0", "curl"),
        ("", "Unknown browser"),
        ("<script>", "Unknown browser"),
    ],
)  # fmt: skip
def test_agents_in_words(agent: str, words: str) -> None:
    assert describe(agent) == words


def test_agents_are_cut_and_printable() -> None:
    assert keepable("a\0ü" + "x" * 500) == "a??" + "x" * 197
