"""The form in a real browser: errors stand beside their fields, and one sending makes one task whatever happens."""

import re

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from support.form import ENDS, button, create, fill, rows, unique_number

# The page's scripts are plain ones: their functions can be exchanged.
BREAK_ONCE = "() => { const whole = NAME; NAME = () => { NAME = whole; throw new Error('broken'); }; }"


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
