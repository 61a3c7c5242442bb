"""A performance page that waits for the worker: it fills itself, or leads on without scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select, update

from stocksite.core.actor import Actor
from stocksite.core.models import Job
from stocksite.portfolios.models import Portfolio
from stocksite.portfolios.service import kept_figures
from tests.browser.conftest import PHONE, WIDE, NewContext, listen, log_in, shoot, violations
from tests.browser.instruments import accessible, too_wide
from tests.browser.live import Live

if TYPE_CHECKING:
    from playwright.sync_api import Page

SHOWN = "Time-weighted return"


def compute(live: Live) -> int:
    """What the worker does about the pages that wait; how many jobs there were."""
    with live.work() as session:
        jobs = session.scalars(
            select(Job).where(Job.function == kept_figures.JOB, Job.status == "queued")
        ).all()
        for job in jobs:
            kept_figures.make(session, live.redis, *kept_figures.asked_for(**job.arguments))
            job.status = "done"
        return len(jobs)


def address(live: Live, actor: Actor, name: str) -> str:
    """The performance page of a demo portfolio over a span nobody else asks for, and cold."""
    with live.work() as session:
        mine = select(Portfolio.id).where(Portfolio.user_id == actor.user_id)
        number = session.scalars(mine.where(Portfolio.name == name)).one()
        # Pages that other journeys opened wait, too: no worker runs here.
        session.execute(update(Job).where(Job.status == "queued").values(status="canceled"))
    for key in live.redis.scan_iter("figures:*"):
        live.redis.delete(key)
    for key in live.redis.scan_iter("kept:*"):
        live.redis.delete(key)
    return f"/portfolios/{number}/performance?period=3m"


def look(tab: Page, name: str) -> None:
    """Nothing is too wide, unreadable or refused, wide and small, light and dark."""
    assert violations(tab) == []  # before axe, which writes styles of its own
    for size, theme in ((WIDE, "light"), (WIDE, "dark"), (PHONE, "light"), (PHONE, "dark")):
        tab.set_viewport_size({"width": size[0], "height": size[1]})
        tab.emulate_media(color_scheme=theme, reduced_motion="reduce")  # type: ignore[arg-type]
        shoot(tab, f"{name}-{size[0]}-{theme}")
        assert too_wide(tab) == ""
        accessible(tab)


def test_the_figures_come_without_a_reload(live: Live, new_context: NewContext) -> None:
    path = address(live, live.actor("demo"), "Steady hands")
    tab = new_context().new_page()
    log_in(tab, "demo", "demo")
    faults = listen(tab)
    tab.goto(path)
    skeleton = tab.locator("#figures-waiting")
    assert "are being computed" in skeleton.inner_text()
    assert not tab.get_by_text("look again").is_visible()
    tab.wait_for_timeout(2_500)
    assert skeleton.is_visible()
    look(tab, "performance-waiting")
    tab.reload()
    tab.evaluate("() => { window.__same = true; }")
    assert compute(live) == 1
    tab.get_by_text(SHOWN).first.wait_for(timeout=5_000)
    assert skeleton.count() == 0
    assert tab.evaluate("() => window.__same"), "the page was loaded anew"
    tab.locator("#why-twr_pct > summary").click()
    assert tab.locator("#why-twr_pct .why-formula").is_visible()
    assert tab.evaluate("() => document.activeElement.closest('#why-twr_pct') !== null")
    assert faults == []
    tab.reload()
    look(tab, "performance-came")


def test_without_scripts_a_link_leads_on(live: Live, new_context: NewContext) -> None:
    path = address(live, live.actor("demo"), "Steady hands")
    tab = new_context(java_script_enabled=False).new_page()
    log_in(tab, "demo", "demo")
    tab.goto(path)
    assert compute(live) == 1
    tab.get_by_role("link", name="look again").click()
    assert tab.get_by_text(SHOWN).first.is_visible()
    assert tab.locator("#figures-waiting").count() == 0
