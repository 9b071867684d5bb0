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


def has_failed(site: str, task: int) -> None:
    """Wait for it."""
    wait_for(lambda: ask("GET", f"{site}/api/tasks/{task}").json()["status"] == "failed", 20, "it has failed")


def ids(page: Page) -> list[int]:
    return [int(row.get_attribute("data-id") or 0) for row in page.locator("#tasks tbody tr").all()]


def find(page: Page, **fields: str) -> None:
    """Open the filters, fill them and press Find."""
    page.get_by_text("More filters").click()
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
    has_failed(site, failing)
    page.goto(site)

    find(page, Status="failed", Operation="divide")

    expect(page.locator(f"#task-{failing}")).to_be_visible()
    expect(page.locator(f"#task-{fine}")).to_have_count(0)
    assert set(page.locator("#tasks .status-word").all_inner_texts()) == {"failed"}
    page.locator("#chips").get_by_role("link", name="All", exact=True).click()
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


def test_a_row_tells_duration_and_error_and_leads_to_the_rest(browser_page: Page, site: str) -> None:
    task = create(site, "1", "divide", "0")
    browser_page.goto(site)
    row = browser_page.locator(f"#task-{task}")
    expect(row.locator(".status")).to_have_text("failed", timeout=ENDS)
    expect(row.locator(".result")).to_have_text("Division by zero has no result.")
    expect(row.locator(".run")).to_have_text(re.compile(r"^(<1|[\d.]+) (ms|s)$"))
    row.get_by_role("link", name=str(task)).click()
    expect(browser_page).to_have_title(f"Task {task} · Abacus")
    expect(browser_page.locator(".facts")).to_contain_text(["Operation", "Attempts"])
    expect(browser_page.locator(".facts a[href*='worker=']")).to_be_visible()


def test_only_what_changed_is_sent(browser_page: Page, site: str) -> None:
    # Given a full page of tasks that ended some seconds before the newest one did
    batch = upload(site, 60)
    wait_for(lambda: ended(site, batch), 30, "the batch has ended")
    browser_page.wait_for_timeout(4000)
    create(site, "1", "add", "0")
    browser_page.wait_for_timeout(2000)
    browser_page.goto(f"{site}/")
    answers: list[Response] = []
    browser_page.on("response", lambda response: answers.append(response) if "/tasks/now?" in response.url else None)
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
        row.get_by_role("link").first.focus()
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


@BOTH
def test_chips_tell_how_many_are_in_each_state_and_narrow_the_list(
    fixture: str, request: pytest.FixtureRequest, site: str
) -> None:
    page: Page = request.getfixturevalue(fixture)
    task = create(site, "1", "divide", "0")
    has_failed(site, task)
    page.goto(site)
    chip = page.locator("#chips").get_by_role("link", name=re.compile(r"^failed [1-9]"))
    chip.click()
    expect(page).to_have_url(re.compile(r"/\?status=failed"))
    expect(page).to_have_title("Failed · Tasks · Abacus")
    expect(page.locator(f"#task-{task}")).to_be_visible()
    expect(page.locator("#chips [aria-current]")).to_contain_text("failed")


def test_a_count_changes_without_a_reload(browser_page: Page, site: str) -> None:
    browser_page.goto(site)
    count = browser_page.locator("[data-count=success]")
    before = int(re.sub(r"\D", "", count.inner_text()))
    if before < 100_000:
        create(site, "1", "add", "1")
        expect(count).not_to_have_text(f"{before:,}", timeout=ENDS)


def test_the_page_says_how_fresh_it_is_and_stops_when_asked(browser_page: Page, site: str) -> None:
    browser_page.goto(site)
    button = browser_page.get_by_role("button", name="Live")
    expect(button).to_be_visible(timeout=ENDS)
    button.click()
    stopped = browser_page.get_by_role("button", name="Paused")
    expect(stopped).to_have_attribute("aria-pressed", "true")
    task = create(site, "1", "add", "1")
    browser_page.wait_for_timeout(2500)
    expect(browser_page.locator(f"#task-{task}")).to_have_count(0)
    stopped.click()
    expect(browser_page.locator(f"#task-{task}")).to_be_visible(timeout=ENDS)


def test_what_is_old_is_dimmed(browser_page: Page, site: str) -> None:
    page = browser_page
    page.goto(site)
    page.route("**/tasks/now?*", lambda route: route.abort())
    expect(page.locator("body.old")).to_have_count(1, timeout=ENDS)
    page.unroute("**/tasks/now?*")
    expect(page.locator("body.old")).to_have_count(0, timeout=ENDS)


@BOTH
def test_chosen_rows_are_changed_together(fixture: str, request: pytest.FixtureRequest, site: str) -> None:
    page: Page = request.getfixturevalue(fixture)
    tasks = [create(site, "1", "divide", "0") for _ in range(2)]
    for task in tasks:
        has_failed(site, task)
    before = {task: ask("GET", f"{site}/api/tasks/{task}").json()["update_time"] for task in tasks}
    page.goto(f"{site}/?status=failed")
    for task in tasks:
        page.get_by_role("checkbox", name=f"Choose task {task}", exact=True).check()
    page.locator("#chosen").get_by_role("button", name="Retry").click()
    wait_for(lambda: all(changed(site, task) != before[task] for task in tasks), 20, "they were tried again")


def changed(site: str, task: int) -> str:
    """When it last changed."""
    moment: str = ask("GET", f"{site}/api/tasks/{task}").json()["update_time"]
    return moment


def test_the_download_holds_what_the_list_shows(browser_page: Page, site: str) -> None:
    task = create(site, "1", "divide", "0")
    has_failed(site, task)
    browser_page.goto(f"{site}/?status=failed&task_type=divide")
    with browser_page.expect_download() as download:
        browser_page.locator(".tools").get_by_role("link", name="CSV").click()
    lines = download.value.path().read_text(encoding="utf-8").splitlines()
    assert lines[0] == "id,x,task_type,y,status,result,error"
    assert f"{task},1,divide,0,failed,,Division by zero has no result." in lines[1:]
