"""The page in a real browser, with and without JavaScript."""

import re
import time
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from support.form import ENDS, button, create, fill, rows, unique_number

MANY_ROWS_LATER = '<a href="/">1234567890</a> <a class="of-batch" href="/">batch 123456789</a>'


def reload_until(page: Page, row: Locator, status: str) -> None:
    end = time.monotonic() + ENDS / 1000
    while row.get_attribute("data-status") != status:
        assert time.monotonic() < end, row.inner_text()
        page.reload()


def test_a_task_made_by_the_form_ends_as_success_in_the_list_without_a_reload(browser_page: Page, site: str) -> None:
    browser_page.goto(site)
    loads: list[str] = []
    browser_page.on("load", lambda page: loads.append(page.url))

    row = create(browser_page, "0.1", "add", "0.2")

    expect(row.locator(".status")).to_have_text("success", timeout=ENDS)
    expect(row.locator(".calculation")).to_have_text("0.1 + 0.2")
    expect(row.locator(".result")).to_have_text("0.3")
    assert not loads


def test_without_javascript_the_form_and_a_reload_show_the_result(browser_page_without_js: Page, site: str) -> None:
    page, number = browser_page_without_js, unique_number()
    page.goto(site)

    fill(page, number, "multiply", "0.1")
    button(page).click()

    row = rows(page, number)
    expect(row).to_have_count(1)
    reload_until(page, row, "success")
    expect(row.locator(".calculation")).to_have_text(f"{number} × 0.1")
    expect(row.locator("time")).to_contain_text("UTC")
    expect(page.get_by_role("link", name="Refresh")).to_be_visible()


def test_division_by_zero_is_shown_as_failed_with_a_sentence(browser_page: Page, site: str) -> None:
    browser_page.goto(site)

    row = create(browser_page, "7", "divide", "0")

    expect(row.locator(".status")).to_have_text("failed", timeout=ENDS)
    expect(row.locator(".result")).to_contain_text(re.compile("zero", re.IGNORECASE))


def test_the_page_says_that_the_server_is_away_and_recovers(browser: Browser, site: str) -> None:
    page = browser.new_page()
    try:
        page.goto(site)
        page.route("**/tasks/now?*", lambda route: route.abort())
        expect(page.locator("#connection")).to_contain_text("does not answer", timeout=ENDS)
        page.unroute("**/tasks/now?*")
        expect(page.locator("#connection")).to_be_empty(timeout=ENDS)
        expect(page.locator("#announcer")).to_contain_text("answers again")
    finally:
        page.close()


def test_a_row_that_did_not_change_stays_the_same_element(browser_page: Page, site: str) -> None:
    browser_page.goto(site)
    row = create(browser_page, "2", "multiply", "3")
    expect(row.locator(".status")).to_have_text("success", timeout=ENDS)
    row.evaluate("row => { row.mark = 'the same' }")

    other = create(browser_page, "2", "multiply", "4")
    expect(other.locator(".status")).to_have_text("success", timeout=ENDS)

    assert row.evaluate("row => row.mark") == "the same"


@pytest.mark.parametrize("width", [320, 360, 601, 768, 1280])
def test_no_width_makes_the_page_scroll_sideways(browser_page: Page, site: str, width: int) -> None:
    browser_page.set_viewport_size({"width": width, "height": 740})
    browser_page.goto(site)
    row = create(browser_page, "-1234567890123456789012345678901234", "divide", "0.0000000000000000000000000000000007")
    widths = "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"

    needs, has = browser_page.evaluate(widths)
    row.locator(".id").evaluate(f"cell => {{ cell.innerHTML = '{MANY_ROWS_LATER}'; }}")
    needs_later, has_later = browser_page.evaluate(widths)

    assert (needs <= has, needs_later <= has_later) == (True, True)


def test_no_request_leaves_the_site(browser_page: Page, site: str) -> None:
    asked: list[str] = []
    browser_page.on("request", lambda request: asked.append(request.url))

    browser_page.goto(site)
    row = create(browser_page, "1", "add", "1")
    expect(row.locator(".status")).to_have_text("success", timeout=ENDS)

    assert asked
    assert [url for url in asked if not url.startswith(site.rstrip("/") + "/")] == []


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/New_York"])
def test_times_are_in_the_readers_zone(browser: Browser, site: str, zone: str) -> None:
    context = browser.new_context(timezone_id=zone)
    try:
        page = context.new_page()
        page.goto(site)
        moment = create(page, "1", "add", "1").locator("time")
        utc = datetime.fromisoformat(moment.get_attribute("datetime") or "")
        there = utc.astimezone(ZoneInfo(zone))

        told = rf"{there.hour % 12 or 12}:{there:%M:%S}\s{there:%p}"
        expect(moment).to_have_text(re.compile(rf"^{told}$"))  # of today, the hour is enough
        expect(moment).to_have_attribute("title", re.compile(rf"\b{there.day}\b.*\b{told}"))
        expect(page.locator("#tasks caption")).to_contain_text(zone)
    finally:
        context.close()


def test_older_tasks_are_a_page_away_and_stand_still(browser_page: Page, site: str) -> None:
    browser_page.goto(site)
    row = create(browser_page, "5", "add", "5")
    task = int(row.get_attribute("data-id") or 0)

    browser_page.goto(f"{site}/?before={task}")

    expect(browser_page.locator(f"#task-{task}")).to_have_count(0)
    browser_page.get_by_role("link", name="Newest", exact=True).click()
    expect(browser_page.locator(f"#task-{task}")).to_be_visible()
