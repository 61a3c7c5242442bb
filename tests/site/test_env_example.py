"""`.env.example` and the README's table name every setting, and no other, with true defaults."""

from __future__ import annotations

import re
from dataclasses import fields
from io import StringIO
from pathlib import Path

import pytest
from dotenv import dotenv_values

from stocksite.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
NAMES = {field.name.upper() for field in fields(Settings)}
ALIASES = {"POLYGON_API_KEY"}
"""Read where MASSIVE_API_KEY is empty."""


@pytest.fixture(scope="module")
def example() -> str:
    return (ROOT / ".env.example").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def readme() -> str:
    path = ROOT / "README.md"
    if not path.exists():
        pytest.skip("README.md is not written yet")
    return path.read_text(encoding="utf-8")


def test_every_setting_is_in_the_example_and_nothing_else(example: str) -> None:
    named = set(re.findall(r"^(?:# )?([A-Z][A-Z_]+)=", example, re.MULTILINE))
    assert named == NAMES | ALIASES


def test_every_setting_of_the_example_has_a_comment(example: str) -> None:
    blocks = [block.strip() for block in example.split("\n\n") if block.strip()]
    assert [block for block in blocks if not block.startswith("# ")] == []


def test_the_example_as_it_is_changes_nothing(example: str) -> None:
    """Copied to .env unchanged it gives what an empty environment gives."""
    copied = {k: v or "" for k, v in dotenv_values(stream=StringIO(example)).items()}
    assert Settings.from_env(copied) == Settings.from_env({})


def test_the_readme_has_a_row_for_every_setting(readme: str) -> None:
    rows = re.findall(r"^\| `([A-Z_]+)` \|([^|]*)\|([^|]*)\|", readme, re.MULTILINE)
    assert {name for name, _, _ in rows} == NAMES
    assert len(rows) == len(NAMES)
    assert [name for name, _, meaning in rows if not meaning.strip()] == []


def test_the_readme_tells_the_defaults(readme: str) -> None:
    """Where a default is written as code, it is the default."""
    told = dict(re.findall(r"^\| `([A-Z_]+)` \| `([^`]*)` \|", readme, re.MULTILINE))
    assert len(told) > 5
    plain = Settings.from_env({})
    wrong = {
        name: default
        for name, default in told.items()
        if Settings.from_env({name: default}) != plain
    }
    assert wrong == {}
