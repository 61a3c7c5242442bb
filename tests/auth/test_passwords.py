from __future__ import annotations

import pytest
from argon2 import PasswordHasher, extract_parameters

from stocksite.auth import passwords


def test_parameters_are_the_ones_chosen() -> None:
    parameters = extract_parameters(passwords.hash_password("four unrelated small words"))
    assert (parameters.type.name, parameters.time_cost) == ("ID", 2)
    assert (parameters.memory_cost, parameters.parallelism) == (19_456, 1)


def test_same_password_has_another_hash_each_time() -> None:
    assert passwords.hash_password("abc def ghi") != passwords.hash_password("abc def ghi")


def test_matches_only_the_password_itself() -> None:
    stored = passwords.hash_password("Correct horse")
    assert passwords.matches("Correct horse", stored)
    for wrong in ("correct horse", "Correct horse ", "Correct hors", ""):
        assert not passwords.matches(wrong, stored)


def test_nothing_is_cut_off() -> None:
    longest = "x" * 127 + "a"
    stored = passwords.hash_password(longest)
    assert passwords.matches(longest, stored)
    assert not passwords.matches("x" * 127 + "b", stored)
    assert not passwords.matches(longest + "a", stored)


@pytest.mark.parametrize("stored", [None, "", "!", "not a hash", "$argon2id$v=19$m=1"])
def test_no_or_broken_hash_never_matches(stored: str | None) -> None:
    assert not passwords.matches("", stored)
    assert not passwords.matches("password1", stored)


@pytest.mark.parametrize("password", ["\ud800" * 8, "x" * 129, "x" * 1_000_000, "a\ud800b"])
def test_impossible_passwords_never_match(password: str) -> None:
    assert not passwords.matches(password, passwords.hash_password("x" * 128))


def test_unknown_accounts_cost_a_whole_verification(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    real = PasswordHasher.verify

    def watch(self: PasswordHasher, stored: str, password: str) -> bool:
        seen.append(stored)
        return real(self, stored, password)

    monkeypatch.setattr(PasswordHasher, "verify", watch)
    passwords.matches("whatever", None)
    passwords.matches("x" * 5_000, passwords.hash_password("real password"))
    assert len(seen) == 2
    for stored in seen:
        parameters = extract_parameters(stored)
        assert (parameters.time_cost, parameters.memory_cost) == (2, 19_456)
        assert (parameters.salt_len, parameters.hash_len) == (16, 32)


def test_old_parameters_are_noticed() -> None:
    weak = PasswordHasher(time_cost=1, memory_cost=8_192, parallelism=1).hash("x")
    assert passwords.needs_rehash(weak)
    assert not passwords.needs_rehash(passwords.hash_password("x"))


@pytest.mark.parametrize(
    "password",
    [
        "four unrelated small words",
        "x7!kQp2z",
        "только мой пароль",
        "🐎🔋📎✅🐎🔋📎✅",
        "stocksite-correct-horse",
        "a" * 60 + " " + "b" * 67,
        "        spaces        ",
    ],
)
def test_good_passwords(password: str) -> None:
    assert passwords.objection(password, ("ada", "ada@example.com")) is None


@pytest.mark.parametrize(
    ("password", "word"),
    [
        ("", "at least 8"),
        ("seven77", "this has 7"),
        ("y" * 129, "at most 128"),
        ("y" * 100_000, "this has 100000"),
        ("password", "tried first"),
        ("PassWord1", "tried first"),
        ("qwertyuiop", "tried first"),
        ("StockSite1", "name of this site"),
        ("lovelace99", "username"),
        ("byron-lovelace", "username"),
        ("abcdefg\0h", "control"),
        ("abcdefg\nh", "control"),
        ("abcdefgh\ud800", "control"),
    ],
)
def test_refused_passwords(password: str, word: str) -> None:
    sentence = passwords.objection(password, ("lovelace", "byron@example.com"))
    assert sentence is not None
    assert word in sentence


def test_short_context_words_do_not_spoil_good_passwords() -> None:
    assert passwords.objection("manner99", ("ann", "ann@example.com")) is None


def test_common_list_is_whole_and_usable() -> None:
    words = passwords.common_passwords()
    assert len(words) == 11_611
    assert all(len(word) >= 8 and word == word.casefold() == word.strip() for word in words)
