"""Vendored files are what their manifest says, and our own stay small and clean."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from pathlib import Path

import bokeh
import pytest

from stocksite.web import assets, palette

STATIC = Path(assets.__file__).parent / "static"
TEMPLATES = Path(assets.__file__).parent / "templates"
MANIFEST = json.loads((STATIC / "vendor" / "vendor.json").read_text())["files"]
OUR_CSS = sorted((STATIC / "css").glob("*.css"))
OUR_JS = sorted((STATIC / "js").glob("*.js"))
BUDGET_BYTES = 60_000


@pytest.mark.parametrize("entry", MANIFEST, ids=lambda entry: entry["name"])
def test_checksum_version_and_licence(entry: dict[str, str]) -> None:
    content = (STATIC / entry["file"]).read_bytes()
    assert hashlib.sha256(content).hexdigest() == entry["sha256"]
    assert entry["version"]
    assert entry["licence"]
    assert (STATIC / entry["licence_file"]).stat().st_size > 300


def test_every_vendored_file_is_in_the_manifest() -> None:
    listed = {entry["file"] for entry in MANIFEST} | {entry["licence_file"] for entry in MANIFEST}
    found = {
        p.relative_to(STATIC).as_posix()
        for d in ("vendor", "fonts")
        for p in (STATIC / d).iterdir()
    }
    assert found - listed == {"vendor/vendor.json"}


def test_bokeh_scripts_equal_the_python_package() -> None:
    version = next(e["version"] for e in MANIFEST if e["name"] == "bokeh")
    assert version == bokeh.__version__
    packaged = Path(bokeh.__file__).parent / "server" / "static" / "js" / "bokeh.min.js"
    assert (STATIC / "vendor" / "bokeh.min.js").read_bytes() == packaged.read_bytes()


def test_htmx_is_the_pinned_version_and_ptag_is_beside_it() -> None:
    assert "4.0.1" in (STATIC / "vendor" / "htmx.min.js").read_text()
    assert "HX-PTag" in (STATIC / "vendor" / "hx-ptag.min.js").read_text()
    names = [Path(name).name for name in assets.SCRIPTS]
    assert names.index("htmx.min.js") < names.index("hx-ptag.min.js")


def test_listed_assets_exist_and_none_is_forgotten() -> None:
    listed = {*assets.STYLES, *assets.SCRIPTS, assets.BOKEH, "js/charts.js"}
    assert all((STATIC / name).is_file() for name in listed)
    ours = {p.relative_to(STATIC).as_posix() for p in (*OUR_CSS, *OUR_JS)}
    package = TEMPLATES.parent.parent
    pages = "".join(p.read_text() for p in package.rglob("templates/**/*.html"))
    assert [name for name in sorted(ours - listed) if f"asset('{name}')" not in pages] == []


def test_our_css_and_js_stay_within_the_budget() -> None:
    assert sum(len(gzip.compress(p.read_bytes())) for p in (*OUR_CSS, *OUR_JS)) <= BUDGET_BYTES


@pytest.mark.parametrize("path", [*OUR_CSS, *OUR_JS], ids=lambda p: p.name)
def test_our_files_stay_short(path: Path) -> None:
    assert len(path.read_text().splitlines()) < 300


@pytest.mark.parametrize("path", sorted(TEMPLATES.rglob("*.html")), ids=lambda p: p.name)
def test_templates_hold_nothing_the_policy_forbids(path: Path) -> None:
    text = path.read_text()
    assert not re.search(r"\sstyle=", text)
    assert not re.search(r"\shx-on|\son[a-z]+=", text)
    assert not re.search(r'hx-trigger="[^"]*\[', text)
    assert "js:" not in text
    for tag in re.findall(r"<script[^>]*>", text):
        assert "src=" in tag or 'type="application/json"' in tag


def test_chart_script_knows_every_stand_in_colour() -> None:
    script = (STATIC / "js" / "charts.js").read_text()
    names = [v for k, v in vars(palette).items() if k.isupper() and str(v).startswith("#")]
    for color in (*names, *palette.SERIES):
        assert f'"{color}"' in script
