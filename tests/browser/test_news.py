"""Cancel and retry from the page: one by its row's button, many by the filters."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from support.http import ask, create, task
from support.waiting import wait_for

ENDS = 20_000
BOTH = pytest.mark.parametrize("fixture", ["browser_page", "browser_page_without_js"])


def row(page: Page, number: int) -> Locator:
    return page.locator(f"#task-{number}")


def waiting(site: str, count: int) -> list[int]:
    """Tasks of which all but the first few wait."""
    return [create(site, str(n), "add", "1") for n in range(count)]


@BOTH
def test_a_task_is_cancelled_and_retried_by_its_buttons(
    fixture: str, request: pytest.FixtureRequest, slow_embedded: str
) -> None:
    page: Page = request.getfixturevalue(fixture)
    last = waiting(slow_embedded, 12)[-1]
    page.goto(slow_embedded)

    row(page, last).get_by_role("button", name=f"Cancel {last}").click()
    expect(row(page, last).locator(".status")).to_have_text("cancelled", timeout=ENDS)
    row(page, last).get_by_role("button", name=f"Retry {last}").click()

    expect(row(page, last)).to_have_attribute("data-status", re.compile("created|pending|success"), timeout=ENDS)
    assert wait_for(lambda: task(slow_embedded, last)["status"] == "success", 60, "it has run")


def test_where_it_is_too_late_the_page_says_so(browser_page: Page, slow_embedded: str) -> None:
    # Given a page that shows a task as waiting, and a server on which it has been cancelled meanwhile
    page, last = browser_page, waiting(slow_embedded, 8)[-1]
    page.goto(slow_embedded)
    page.route("**/tasks/now?*", lambda route: route.fulfill(body=""))
    page.wait_for_timeout(1200)
    ask("POST", f"{slow_embedded}/api/tasks/{last}/cancel", {})
    # When the button is pressed
    row(page, last).get_by_role("button", name="Cancel").click()
    # Then a sentence tells the present state
    expect(page.locator("#act-error")).to_contain_text(f"Task {last} is cancelled")
    page.unroute("**/tasks/now?*")


@BOTH
def test_many_are_changed_after_a_confirmation_that_says_how_many(
    fixture: str, request: pytest.FixtureRequest, slow_embedded: str
) -> None:
    page: Page = request.getfixturevalue(fixture)
    body = "x,task_type,y\n" + "1,add,1\n" * 60
    batch = ask("POST", f"{slow_embedded}/api/batches", body, {"Content-Type": "text/csv"}).json()["id"]
    page.goto(f"{slow_embedded}/?batch={batch}")
    page.get_by_role("link", name="Cancel all of these").click()
    page.get_by_role("link", name="Back to the list").click()
    assert ask("GET", f"{slow_embedded}/api/batches/{batch}").json()["counts"]["cancelled"] == 0

    page.get_by_role("link", name="Cancel all of these").click()
    expect(page.get_by_text(f"Batch: {batch}")).to_be_visible()
    button = page.get_by_role("button", name=re.compile(r"^Cancel \d+ tasks$"))
    confirmed = int(re.sub(r"\D", "", button.inner_text()))
    assert 40 <= confirmed <= 60
    button.click()

    page.wait_for_url(f"**/?batch={batch}*")
    expect(row(page, ask_newest(slow_embedded, batch)).locator(".status")).to_have_text("cancelled")
    page.get_by_role("link", name="Retry all of these").click()
    page.get_by_role("button", name=re.compile(r"^Retry \d+ tasks$")).click()
    page.wait_for_url(f"**/?batch={batch}*")
    expect(row(page, ask_newest(slow_embedded, batch))).to_have_attribute("data-status", re.compile("created|pending"))
    ask("POST", f"{slow_embedded}/api/batches/{batch}/cancel", {})  # the next test need not wait for it


def ask_newest(site: str, batch: int) -> int:
    """The newest task of a batch."""
    newest: int = ask("GET", f"{site}/api/tasks?batch={batch}&limit=1").json()["items"][0]["id"]
    return newest


def test_nothing_is_changed_where_more_fit_than_were_confirmed(browser_page: Page, slow_embedded: str) -> None:
    page = browser_page
    for number in waiting(slow_embedded, 3):
        ask("POST", f"{slow_embedded}/api/tasks/{number}/cancel", {})
    page.goto(f"{slow_embedded}/tasks/many?action=retry&status=cancelled")
    ask("POST", f"{slow_embedded}/api/tasks/{waiting(slow_embedded, 5)[-1]}/cancel", {})

    page.get_by_role("button", name=re.compile("^Retry")).click()

    expect(page.get_by_role("alert")).to_contain_text("more of them by now")
    page.get_by_role("button", name=re.compile("^Retry")).click()
    page.wait_for_url("**/?status=cancelled*")


def test_a_row_is_changed_by_keyboard_alone(browser_page: Page, slow_embedded: str) -> None:
    page, last = browser_page, waiting(slow_embedded, 8)[-1]
    page.goto(slow_embedded)
    row(page, last).get_by_role("button").focus()
    page.keyboard.press("Enter")
    expect(row(page, last).locator(".status")).to_have_text("cancelled", timeout=ENDS)
    expect(row(page, last).get_by_role("button", name="Retry")).to_be_focused()
