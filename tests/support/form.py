"""The form of the page in a real browser, and the rows that it makes."""

import re
import uuid

from playwright.sync_api import Locator, Page, Response

ENDS = 20_000  # milliseconds within which a task has to end, on a busy machine too


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
