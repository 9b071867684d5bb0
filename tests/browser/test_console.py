"""The page of a task, of a batch and of what goes on, in a real browser."""

import re

import pytest
from playwright.sync_api import Page, expect

from support.http import ask, create
from support.waiting import wait_for

ENDS = 20_000
BOTH = pytest.mark.parametrize("fixture", ["browser_page", "browser_page_without_js"])


@BOTH
def test_a_sent_form_is_answered_in_words_at_once(
    fixture: str, request: pytest.FixtureRequest, slow_embedded: str
) -> None:
    page: Page = request.getfixturevalue(fixture)
    for n in range(8):
        create(slow_embedded, str(n), "add", "1")  # so that there is something to wait for
    page.goto(slow_embedded)
    page.get_by_label("First number").fill("20")
    page.get_by_label("Second number").fill("22")
    page.get_by_role("button", name="Calculate").click()
    told = page.locator("#made .made").first
    expect(told).to_have_text(re.compile(r"Task \d+\s+is accepted and waits"), timeout=ENDS)
    link = told.get_by_role("link").get_attribute("href")
    if fixture == "browser_page":
        expect(told).to_have_text(re.compile(r"20 \S 22 = -?\d+"), timeout=60_000)
    page.goto(f"{slow_embedded}{link}")
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile(r"Task \d+"))


def test_a_tasks_page_follows_it_to_its_end_by_itself(browser_page: Page, slow_embedded: str) -> None:
    for n in range(4):
        create(slow_embedded, str(n), "add", "1")
    task = create(slow_embedded, "40", "add", "2")
    browser_page.goto(f"{slow_embedded}/tasks/{task}")
    expect(browser_page.locator(".state")).to_have_text("Success", timeout=60_000)
    expect(browser_page.locator(".facts .outcome")).to_contain_text("42")
    expect(browser_page.locator(".way li")).to_have_count(3)


@BOTH
def test_the_same_input_is_run_again_from_the_tasks_page(
    fixture: str, request: pytest.FixtureRequest, site: str
) -> None:
    page: Page = request.getfixturevalue(fixture)
    task = create(site, "6", "multiply", "7")
    page.goto(f"{site}/tasks/{task}")
    page.get_by_role("button", name="Run again with the same input").click()
    page.wait_for_url(re.compile(rf"/tasks/(?!{task}$)\d+$"))
    again = int(page.url.rpartition("/")[2])
    found = wait_for(lambda: ended(site, again), 20, "it ends")
    assert (found["x"], found["y"], found["result"]) == ("6", "7", "42")


def ended(site: str, task: int) -> dict[str, str] | None:
    """The task, once it has a result."""
    found: dict[str, str] = ask("GET", f"{site}/api/tasks/{task}").json()
    return found if found["status"] == "success" else None


def test_what_goes_on_is_drawn_and_is_there_as_a_table_too(browser_page: Page, site: str) -> None:
    page = browser_page
    create(site, "1", "add", "1")
    page.goto(f"{site}/activity")
    expect(page.locator("[data-tile=workers] .value")).to_have_text(re.compile("[1-9]"), timeout=ENDS)
    expect(page.locator(".plots .line.success")).to_have_attribute("d", re.compile("M"), timeout=2 * ENDS)
    expect(page.locator(".plots .line.p50").first).to_have_attribute("d", re.compile("M"), timeout=2 * ENDS)
    page.get_by_text("as a table").click()
    expect(page.locator(".as-table tbody tr").first).to_be_visible()
    with page.expect_response("**/activity/now*"):
        pass  # it is renewed, and stays open
    expect(page.locator(".as-table tbody tr").first).to_be_visible()


def test_without_javascript_what_goes_on_is_there(browser_page_without_js: Page, site: str) -> None:
    page = browser_page_without_js
    page.goto(f"{site}/activity")
    expect(page.locator("[data-tile=created] .value")).to_have_text(re.compile(r"\d"))
    page.get_by_role("link", name="24 hours").click()
    expect(page.locator(".tabs [aria-current]")).to_have_text("24 hours")
