"""The page in a real browser, with and without JavaScript."""

import re
import time
import uuid
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Locator, Page, Response, Route, expect

ENDS = 20_000  # milliseconds within which a task has to end, on a busy machine too
# The page's scripts are plain ones: their functions can be exchanged.
BREAK_ONCE = "() => { const whole = NAME; NAME = () => { NAME = whole; throw new Error('broken'); }; }"

MANY_ROWS_LATER = '<a href="/">1234567890</a> <a class="of-batch" href="/">batch 123456789</a>'


def unique_number() -> str:
    return str(uuid.uuid4().int % 10**15)


def fill(page: Page, x: str, operation: str, y: str) -> None:
    page.get_by_label("First number").fill(x)
    page.locator("#task-form").get_by_label("Operation").select_option(operation)
    page.get_by_label("Second number").fill(y)


def button(page: Page) -> Locator:
    return page.get_by_role("button", name="Calculate")


def rows(page: Page, number: str) -> Locator:
    return page.locator("tbody tr").filter(has_text=number)


def is_post(response: Response) -> bool:
    return response.request.method == "POST"


def create(page: Page, x: str, operation: str, y: str) -> Locator:
    """Send the form; the row of the task that it made."""
    fill(page, x, operation, y)
    with page.expect_response(is_post) as answer:
        button(page).click()
    assert answer.value.status == 201
    task = re.search(r'id="(task-\d+)"', answer.value.text())
    assert task
    return page.locator(f"#{task[1]}")


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


@pytest.mark.parametrize("fixture", ["browser_page", "browser_page_without_js"])
def test_an_error_stands_beside_its_field_and_the_input_is_kept(
    fixture: str, request: pytest.FixtureRequest, site: str
) -> None:
    page: Page = request.getfixturevalue(fixture)
    page.goto(site)

    fill(page, "seven", "divide", "2")
    button(page).click()

    expect(page.locator("#id_x-error")).to_contain_text("number")
    expect(page.locator("#id_y-error")).to_be_empty()
    expect(page.get_by_label("First number")).to_have_value("seven")
    expect(page.get_by_label("First number")).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#task-form").get_by_label("Operation")).to_have_value("divide")
    expect(page.get_by_label("Second number")).to_have_value("2")


def test_a_corrected_error_goes_away(browser_page: Page, site: str) -> None:
    browser_page.goto(site)
    fill(browser_page, "seven", "add", "2")
    button(browser_page).click()
    expect(browser_page.locator("#id_x-error")).to_contain_text("number")

    create(browser_page, "7", "add", "2")

    expect(browser_page.locator("#id_x-error")).to_be_empty()
    expect(browser_page.locator("[aria-invalid]")).to_have_count(0)


def test_division_by_zero_is_shown_as_failed_with_a_sentence(browser_page: Page, site: str) -> None:
    browser_page.goto(site)

    row = create(browser_page, "7", "divide", "0")

    expect(row.locator(".status")).to_have_text("failed", timeout=ENDS)
    expect(row.locator(".result")).to_contain_text(re.compile("zero", re.IGNORECASE))


@pytest.mark.parametrize("fixture", ["browser_page", "browser_page_without_js"])
def test_a_double_click_makes_one_task(fixture: str, request: pytest.FixtureRequest, site: str) -> None:
    page, number = request.getfixturevalue(fixture), unique_number()
    page.goto(site)

    fill(page, number, "add", "1")
    button(page).dblclick()
    expect(rows(page, number).first).to_be_visible()

    page.goto(site)
    expect(rows(page, number)).to_have_count(1)


def test_an_answer_lost_on_the_way_makes_one_task(browser: Browser, site: str) -> None:
    # Given a page whose first answer never arrives, although the server has stored the task
    page, number, keys = browser.new_page(), unique_number(), []

    def lose_first_answer(route: Route) -> None:
        sent = route.request.method == "POST"
        if sent:
            keys.append(route.request.headers["idempotency-key"])
        if sent and len(keys) == 1:
            route.fetch()
            route.abort()
        else:
            route.continue_()

    try:
        page.goto(site)
        page.route("**/*", lose_first_answer)
        # When the form is sent once
        fill(page, number, "add", "1")
        button(page).click()
        # Then the page sends it again with the same key, and there is one task
        expect(rows(page, number).locator(".status")).to_have_text("success", timeout=ENDS)
        expect(page.locator("#id_idempotency_key")).not_to_have_value(keys[0], timeout=ENDS)
        assert len(keys) == 2
        assert len(set(keys)) == 1
        expect(page.locator("#form-error")).to_be_empty()
    finally:
        page.close()


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


def test_a_refusal_for_a_longer_time_is_told_at_once_and_what_was_typed_stays(browser: Browser, site: str) -> None:
    page, posts = browser.new_page(), list[str]()
    sentence = "Nothing was stored: about 9 tasks wait already, and at most 9 may."

    def full(route: Route) -> None:
        if route.request.method != "POST":
            return route.continue_()
        posts.append(route.request.url)
        return route.fulfill(status=503, headers={"Retry-After": "60"}, json={"error": sentence})

    try:
        page.goto(site)
        page.route("**/*", full)
        fill(page, "17", "add", "1")
        button(page).click()
        expect(page.locator("#form-error")).to_contain_text(sentence)
        expect(page.get_by_label("First number")).to_have_value("17")
        assert len(posts) == 1
    finally:
        page.close()


@pytest.mark.parametrize("broken", ["showMade", "renewKey", "problem"])
def test_a_script_that_breaks_leaves_no_locked_form(browser: Browser, site: str, broken: str) -> None:
    # Given a page one of whose functions raises an exception
    page = browser.new_page()
    try:
        page.goto(site)
        fill(page, "seven" if broken == "problem" else "7", "add", "2")
        # When the form is sent (a wrong number is told by `problem`), in the same turn: the list, which asks once a
        # second, would else be the first to meet it
        broken_now = f"({BREAK_ONCE.replace('NAME', broken)})()"
        with page.expect_event("pageerror") as error:
            page.evaluate(f"() => {{ {broken_now}; document.querySelector('#task-form button').click(); }}")
        # Then it says so, and can be sent again
        assert "broken" in str(error.value)
        expect(page.locator("#form-error")).to_contain_text("Something went wrong on this page")
        expect(button(page)).not_to_have_attribute("aria-disabled", re.compile(""))
        expect(page.locator("#progress")).to_be_empty()
        row = create(page, "7", "add", "3")
        expect(row.locator(".status")).to_have_text("success", timeout=ENDS)
        expect(page.locator("#form-error")).to_be_empty()
    finally:
        page.close()


def test_the_next_task_begins_in_the_forms_first_control(browser_page: Page, site: str) -> None:
    browser_page.goto(site)
    create(browser_page, "12", "add", "2")
    expect(browser_page.get_by_label("First number")).to_be_focused()
    assert browser_page.evaluate("getSelection().toString()") == "12"


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


def test_a_task_can_be_made_by_keyboard_alone(browser_page: Page, site: str) -> None:
    browser_page.goto(site)
    keyboard, number = browser_page.keyboard, unique_number()

    keyboard.press("Tab")
    expect(browser_page.get_by_role("link", name="Skip to the content")).to_be_focused()
    keyboard.press("Enter")
    for _ in ("One", "From a CSV file", "First number"):
        keyboard.press("Tab")
    expect(browser_page.get_by_label("First number")).to_be_focused()
    keyboard.type(number)
    keyboard.press("Tab")
    keyboard.press("ArrowDown")
    keyboard.press("Tab")
    keyboard.type("1")
    keyboard.press("Enter")

    expect(rows(browser_page, number).locator(".status")).to_have_text("success", timeout=ENDS)
    expect(rows(browser_page, number).locator(".result")).to_have_text(str(int(number) - 1))
    expect(browser_page.get_by_label("First number")).to_be_focused()


def test_older_tasks_are_a_page_away_and_stand_still(browser_page: Page, site: str) -> None:
    browser_page.goto(site)
    row = create(browser_page, "5", "add", "5")
    task = int(row.get_attribute("data-id") or 0)

    browser_page.goto(f"{site}/?before={task}")

    expect(browser_page.locator(f"#task-{task}")).to_have_count(0)
    browser_page.get_by_role("link", name="Newest", exact=True).click()
    expect(browser_page.locator(f"#task-{task}")).to_be_visible()
