"""What judges a page that is shown: the policy, axe, and whether anything sticks out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import PHONE, WIDE, listen, shoot, violations

if TYPE_CHECKING:
    from playwright.sync_api import Page

AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text(encoding="utf-8")
# Everything axe knows for WCAG 2.2 A and AA, and its good practices.
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_RUN = """async ({tags, rules}) => {
  const only = rules.length ? {type: "rule", values: rules} : {type: "tag", values: tags};
  const found = await axe.run(document, {runOnly: only, resultTypes: ["violations"]});
  return found.violations.map((v) => ({
    id: v.id, help: v.help,
    nodes: v.nodes.slice(0, 5).map((n) => `${n.target.join(" ")}: ${n.failureSummary || ""}`),
  }));
}"""
_OUTSIDE = """() => {
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= width) return "";
  const out = [...document.body.querySelectorAll("*")].filter(
    (e) => e.getBoundingClientRect().right > width + 1 && e.checkVisibility());
  return `${document.documentElement.scrollWidth} of ${width}: ` +
    out.slice(0, 5).map((e) => `${e.tagName}.${e.className}`).join(", ");
}"""


def accessible(tab: Page, *rules: str) -> None:
    """Fail with what axe has found, all of it by default, else by these rules."""
    if not tab.evaluate("typeof axe === 'object'"):
        tab.evaluate(AXE)
    found = tab.evaluate(_RUN, {"tags": TAGS, "rules": list(rules)})
    assert not found, json.dumps(found, indent=1)


def too_wide(tab: Page) -> str:
    """What sticks out to the right, "" when nothing does."""
    found: str = tab.evaluate(_OUTSIDE)
    return found


THEMES = ("light", "dark")


def check(
    tab: Page,
    name: str,
    path: str,
    subtests: pytest.Subtests,
    themes: tuple[str, str] = THEMES,
) -> None:
    """Judge a page wide in the first theme and on a phone in the second; keeps pictures of both."""
    faults = listen(tab)
    _show(tab, WIDE, themes[0])
    answer = tab.goto(path, wait_until="load")
    assert answer is not None
    with subtests.test(f"there {path}"):
        # An error page is whole and accessible too: it must not pass for the page.
        assert answer.status == (404 if name == "error" else 200)
        assert tab.url.partition("#")[0].endswith(path), f"led to {tab.url}"
    tab.wait_for_timeout(100)  # scripts that wait for the load
    with subtests.test(f"policy {path}"):
        # Before axe, which writes styles of its own.
        assert violations(tab) == []
        assert faults == []
    for size, device, theme in ((WIDE, "wide", themes[0]), (PHONE, "phone", themes[1])):
        _show(tab, size, theme)
        shoot(tab, f"{name}-{device}-{theme}")
        with subtests.test(f"{device}, {theme} {path}"):
            accessible(tab)
            assert too_wide(tab) == ""


def _show(tab: Page, size: tuple[int, int], theme: str) -> None:
    tab.set_viewport_size({"width": size[0], "height": size[1]})
    tab.emulate_media(color_scheme=theme, reduced_motion="reduce")
