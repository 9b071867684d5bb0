"""The live list: filters, pages, and updates that leave a reader in peace."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, Response, expect

from support.http import ask, create
from support.waiting import wait_for

ENDS = 20_000
BOTH = pytest.mark.parametrize("fixture", ["browser_page", "browser_page_without_js"])


def upload(site: str, count: int, operation: str = "add") -> int:
    """A batch by the API; its id."""
    body = "x,task_type,y\n" + "".join(f"{n},{operation},1\n" for n in range(count))
    answer = ask("POST", f"{site}/api/batches", body, {"Content-Type": "text/csv"})
    assert answer.status == 201, answer
    identity: int = answer.json()["id"]
    return identity


def ended(site: str, batch: int) -> bool:
    counts = ask("GET", f"{site}/api/batches/{batch}").json()["counts"]
    return bool(counts["created"] == counts["pending"] == 0)


def ids(page: Page) -> list[int]:
    return [int(row.get_attribute("data-id") or 0) for row in page.locator("#tasks tbody tr").all()]


def find(page: Page, **fields: str) -> None:
    """Fill the filters and press Find."""
    for label, value in fields.items():
        control = page.locator("#filters").get_by_label(label.replace("_", " "), exact=True)
        if control.evaluate("control => control.tagName") == "SELECT":
            control.select_option(value)
        else:
            control.fill(value)
    page.get_by_role("button", name="Find").click()


@BOTH
def test_the_list_is_filtered_by_status_and_operation(fixture: str, request: pytest.FixtureRequest, site: str) -> None:
    page: Page = request.getfixturevalue(fixture)
    failing, fine = create(site, "1", "divide", "0"), create(site, "1", "divide", "2")
    wait_for(lambda: ask("GET", f"{site}/api/tasks/{failing}").json()["status"] == "failed", 20, "it has failed")
    page.goto(site)

    find(page, Status="failed", Operation="divide")

    expect(page.locator(f"#task-{failing}")).to_be_visible()
    expect(page.locator(f"#task-{fine}")).to_have_count(0)
    assert set(page.locator("#tasks .status-word").all_inner_texts()) == {"failed"}
    page.get_by_role("link", name="All tasks").click()
    expect(page.locator(f"#task-{fine}")).to_be_visible()


@BOTH
def test_a_task_is_found_by_its_number(fixture: str, request: pytest.FixtureRequest, site: str) -> None:
    page: Page = request.getfixturevalue(fixture)
    wanted = create(site, "1", "add", "1")
    create(site, "1", "add", "2")
    page.goto(site)

    find(page, Task_number=str(wanted))

    expect(page.locator("#tasks tbody tr")).to_have_count(1)
    expect(page.locator(f"#task-{wanted}")).to_be_visible()


def test_a_filter_that_is_no_number_is_answered_with_a_sentence(browser_page: Page, site: str) -> None:
    browser_page.goto(site)
    find(browser_page, Batch="seven")
    expect(browser_page.get_by_text("Type the number of a batch")).to_be_visible()
    expect(browser_page.get_by_text("No task fits")).to_be_visible()


@BOTH
def test_pages_of_a_batch_show_each_task_once_and_lead_back(
    fixture: str, request: pytest.FixtureRequest, site: str
) -> None:
    page: Page = request.getfixturevalue(fixture)
    batch = upload(site, 120)
    page.goto(f"{site}/?batch={batch}")
    seen = ids(page)
    for _ in range(2):
        page.get_by_role("link", name="Older").click()
        page.wait_for_url("**/*before=*")
        expect(page.locator(f"#task-{seen[-1] - 1}")).to_be_visible()
        seen += ids(page)

    assert seen == list(range(seen[0], seen[0] - 120, -1))
    assert page.get_by_role("link", name="Older").count() == 0
    page.get_by_role("link", name="Newer").click()
    expect(page.locator(f"#task-{seen[50]}")).to_be_visible()
    assert ids(page) == seen[50:100]


def test_a_row_tells_duration_worker_attempts_and_error(browser_page: Page, site: str) -> None:
    task = create(site, "1", "divide", "0")
    browser_page.goto(site)
    row = browser_page.locator(f"#task-{task}")
    expect(row.locator(".status")).to_have_text("failed", timeout=ENDS)
    expect(row.locator(".result")).to_have_text("Division by zero has no result.")
    expect(row.locator("[data-from]")).to_have_text(re.compile(r"^[\d.]+ (ms|sec)$"))
    expect(row.locator(".attempts")).to_have_text("1 attempt")
    expect(row.locator(".worker")).to_have_text(re.compile(r".+/\d+"))


def test_only_what_changed_is_sent(browser_page: Page, site: str) -> None:
    # Given a full page of tasks that ended some seconds before the newest one did
    batch = upload(site, 60)
    wait_for(lambda: ended(site, batch), 30, "the batch has ended")
    browser_page.wait_for_timeout(4000)
    create(site, "1", "add", "0")
    browser_page.wait_for_timeout(2000)
    browser_page.goto(f"{site}/")
    answers: list[Response] = []
    browser_page.on("response", lambda response: answers.append(response) if "/tasks?" in response.url else None)
    # When one more is made
    task = create(site, "1", "add", "1")
    expect(browser_page.locator(f"#task-{task}")).to_be_visible(timeout=ENDS)
    # Then its row came in full, and the others by their number alone
    html = next(a.text() for a in answers if a.status == 200 and f'id="task-{task}" data-id' in a.text())
    assert "since=" in next(a.url for a in answers if a.status == 200)
    assert html.count("<tr id=") == 50
    assert html.count("data-id=") < 10


def test_nothing_is_asked_while_the_page_is_hidden(browser_page: Page, site: str) -> None:
    browser_page.goto(site)
    asked: list[Any] = []
    browser_page.evaluate("Object.defineProperty(document, 'hidden', { value: true, configurable: true })")
    browser_page.wait_for_timeout(3000)  # what was on its way
    browser_page.on("request", lambda request: asked.append(request.url))
    browser_page.wait_for_timeout(3000)
    assert asked == []

    browser_page.evaluate("delete document.hidden; document.dispatchEvent(new Event('visibilitychange'))")
    browser_page.wait_for_timeout(500)
    assert asked


@pytest.mark.parametrize("reading", ["pointer", "focus", "scrolled"])
def test_new_tasks_are_held_back_while_somebody_reads(browser_page: Page, site: str, reading: str) -> None:
    # Given a reader of the list
    page = browser_page
    page.set_viewport_size({"width": 1000, "height": 500})
    batch = upload(site, 60)
    wait_for(lambda: ended(site, batch), 30, "the batch has ended")
    page.goto(site)
    page.wait_for_timeout(1500)
    row = page.locator("#tasks tbody tr").nth(3)
    row.scroll_into_view_if_needed()
    if reading == "pointer":
        row.hover()
    elif reading == "focus":
        row.get_by_role("link").focus()
    else:
        page.mouse.move(0, 0)
        page.evaluate("document.querySelector('#tasks').scrollIntoView(); scrollBy(0, 40)")
    before = ids(page)
    place = row.bounding_box()
    # When tasks are made
    made = [create(site, "1", "add", str(n)) for n in range(2)]
    # Then nothing moves until the button is pressed
    button = page.get_by_role("button", name=re.compile(r"2 new tasks"))
    expect(button).to_be_visible(timeout=ENDS)
    assert ids(page) == before
    assert row.bounding_box() == place
    button.focus()
    page.keyboard.press("Enter")
    assert ids(page)[:2] == made[::-1]
    expect(button).to_be_hidden()


def test_the_figures_and_the_plots_are_there_also_as_a_table(browser_page: Page, site: str) -> None:
    browser_page.goto(site)
    create(site, "1", "add", "1")
    expect(browser_page.locator("[data-count=success]")).not_to_have_text("0", timeout=ENDS)
    expect(browser_page.locator("[data-figure=workers]")).to_have_text(re.compile(r"[1-9]"))
    for name in ("throughput", "waiting"):
        expect(browser_page.locator(f"[data-plot={name}] svg .line")).to_have_attribute(
            "d", re.compile("M"), timeout=2 * ENDS
        )
    browser_page.get_by_text("as a table").click()
    expect(browser_page.get_by_role("table", name=re.compile("last minutes")).locator("tbody tr").first).to_be_visible()


def test_without_javascript_the_figures_are_there(browser_page_without_js: Page, site: str) -> None:
    browser_page_without_js.goto(site)
    expect(browser_page_without_js.locator("[data-figure=workers]")).to_have_text(re.compile(r"\d"))
