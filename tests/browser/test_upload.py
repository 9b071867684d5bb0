"""Batches on the page: a file in, progress, results out."""

import csv
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, FilePayload, Page, expect

from support.embedded import Embedded
from support.http import ask

ENDS = 30_000
BOTH = pytest.mark.parametrize("fixture", ["browser_page", "browser_page_without_js"])
DROP = """(text) => {
  const data = new DataTransfer();
  data.items.add(new File([text], "tasks.csv", { type: "text/csv" }));
  for (const type of ["dragover", "drop"]) {
    document.body.dispatchEvent(new DragEvent(type, { dataTransfer: data, bubbles: true, cancelable: true }));
  }
}"""


def payload(text: str | bytes) -> FilePayload:
    return {"name": "tasks.csv", "mimeType": "text/csv", "buffer": text if isinstance(text, bytes) else text.encode()}


def choose(page: Page, text: str | bytes) -> None:
    page.get_by_role("link", name="From a CSV file").click()
    page.get_by_label("CSV file").set_input_files(payload(text))
    page.get_by_role("button", name="Create the tasks").click()


def lines(count: int) -> str:
    return "x,task_type,y\n" + "".join(f"{n},multiply,2\n" for n in range(count))


def test_a_file_becomes_a_batch_whose_bar_moves_to_its_end(browser_page: Page, site: str, tmp_path: Path) -> None:
    browser_page.goto(site)
    choose(browser_page, lines(2000))

    expect(browser_page.locator("#upload-progress")).to_contain_text("is created", timeout=ENDS)
    batch = browser_page.locator(".batch").first
    expect(batch).to_contain_text("2,000 of 2,000 ended", timeout=ENDS)
    expect(batch.get_by_role("img", name="2,000 success", exact=True)).to_be_visible()
    batch.get_by_role("link").click()
    expect(browser_page.get_by_role("heading", name="All 2,000 have ended")).to_be_visible()
    with browser_page.expect_download() as download:
        browser_page.get_by_role("link", name="Results (CSV)").click()
    download.value.save_as(tmp_path / "results.csv")
    text = (tmp_path / "results.csv").read_text(encoding="utf-8")
    rows: list[dict[str, Any]] = list(csv.DictReader(text.splitlines()))
    assert [row["result"] for row in rows] == [str(2 * n) for n in range(2000)]


def test_without_javascript_a_plain_form_sends_the_file(browser_page_without_js: Page, site: str) -> None:
    page = browser_page_without_js
    page.goto(site)
    choose(page, lines(3))
    page.wait_for_url("**/batches/*")
    expect(page.locator("#progress-heading")).to_have_text(re.compile("of 3 ended|All 3 have ended"))
    expect(page.get_by_text("tasks.csv")).to_be_visible()
    page.get_by_role("link", name="Its tasks").click()
    expect(page.locator("#tasks tbody tr")).to_have_count(3)


def test_a_dropped_file_becomes_a_batch(browser_page: Page, site: str) -> None:
    browser_page.goto(site)
    browser_page.evaluate(DROP, lines(7))
    expect(browser_page.locator(".batch").first).to_contain_text("7 of 7 ended", timeout=ENDS)


@BOTH
def test_each_bad_line_is_told_and_nothing_is_stored(fixture: str, request: pytest.FixtureRequest, site: str) -> None:
    page: Page = request.getfixturevalue(fixture)
    page.goto(site)
    newest = ask("GET", f"{site}/api/tasks?limit=1").json()["items"]

    choose(page, "x,task_type,y\n1,add,1\nseven,add,1\n1,power,1\n")

    errors = page.locator("#upload-error")
    expect(errors).to_contain_text("Nothing was stored: 2 of 3 tasks are wrong.")
    expect(errors.locator("li")).to_have_text(
        [re.compile("Line 3: x: Type a number"), re.compile("Line 4: .*operation")]
    )
    page.wait_for_timeout(1100)  # the API's answers are kept for a second
    assert ask("GET", f"{site}/api/tasks?limit=1").json()["items"] == newest


@BOTH
@pytest.mark.parametrize("content", [b"", b"\xff\xfex\0", b"x,task_type,y\n1,add,\xff\n", b"a,b\n"])
def test_a_file_that_is_no_such_csv_is_answered_with_a_sentence(
    fixture: str, request: pytest.FixtureRequest, site: str, content: bytes
) -> None:
    page: Page = request.getfixturevalue(fixture)
    page.goto(site)
    choose(page, content)
    expect(page.locator("#upload-error")).to_have_text(re.compile(r"[A-Z].*\."))


def test_a_script_that_breaks_leaves_no_locked_upload(browser: Browser, site: str) -> None:
    page = browser.new_page()
    try:
        page.goto(site)
        page.evaluate("() => { const whole = showBatch; showBatch = () => { showBatch = whole; null.broken; }; }")
        with page.expect_event("pageerror"):
            choose(page, lines(2))
        expect(page.locator("#upload-error")).to_contain_text("Something went wrong on this page")
        expect(page.locator("#upload-progress")).to_be_empty()
        page.get_by_label("CSV file").set_input_files(payload(lines(3)))
        page.get_by_role("button", name="Create the tasks").click()
        expect(page.locator(".batch").first).to_contain_text("3 of 3 ended", timeout=ENDS)
    finally:
        page.close()


def choose_too_large(page: Page, folder: Path) -> None:
    large = folder / "large.csv"
    large.write_bytes(b"x,task_type,y\n" + b"1,add,1\n" * 1_320_000)
    page.get_by_role("link", name="From a CSV file").click()
    page.get_by_label("CSV file").set_input_files(large)
    page.get_by_role("button", name="Create the tasks").click()


def test_a_file_that_is_too_large_is_not_even_sent(browser_page: Page, site: str, tmp_path: Path) -> None:
    browser_page.goto(site)
    sent: list[str] = []
    browser_page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    choose_too_large(browser_page, tmp_path)
    expect(browser_page.locator("#upload-error")).to_have_text(re.compile("larger than 10 MB"))
    assert sent == []


def test_a_file_that_is_too_large_is_refused_with_a_page(
    browser_page_without_js: Page, embedded: Embedded, tmp_path: Path
) -> None:
    browser_page_without_js.goto(embedded.url)
    choose_too_large(browser_page_without_js, tmp_path)
    expect(browser_page_without_js.get_by_text("too large: send at most 10 MB")).to_be_visible()


@BOTH
def test_the_rest_of_a_running_batch_is_cancelled(
    fixture: str, request: pytest.FixtureRequest, slow_embedded: str
) -> None:
    page: Page = request.getfixturevalue(fixture)
    page.goto(slow_embedded)
    choose(page, lines(200))
    if fixture == "browser_page":
        expect(page.locator("#upload-progress")).to_contain_text("is created", timeout=ENDS)
        page.locator(".batch").first.get_by_role("link").click()
    page.wait_for_url("**/batches/*")
    batch = page.url
    page.get_by_role("link", name="Cancel the rest").click()
    with page.expect_navigation():
        page.get_by_role("button", name=re.compile(r"^Cancel \d+ tasks$")).click()
    page.goto(batch)
    expect(page.get_by_role("heading", name="All 200 have ended")).to_be_visible(timeout=ENDS)
    expect(page.locator(".legend")).to_contain_text("cancelled")
    expect(page.get_by_role("link", name="Cancel the rest")).to_have_count(0)


def test_a_sample_file_is_taken_as_it_is(browser_page: Page, site: str, tmp_path: Path) -> None:
    browser_page.goto(f"{site}/#from-file")
    with browser_page.expect_download() as download:
        browser_page.get_by_role("link", name="A sample file").click()
    download.value.save_as(tmp_path / "tasks.csv")
    browser_page.get_by_label("CSV file").set_input_files(tmp_path / "tasks.csv")
    browser_page.get_by_role("button", name="Create the tasks").click()
    expect(browser_page.locator(".batch").first).to_contain_text("1 of 1 ended", timeout=ENDS)


def test_what_failed_in_a_batch_is_seen_by_its_error_and_tried_again(browser_page: Page, site: str) -> None:
    page = browser_page
    page.goto(site)
    choose(page, "x,task_type,y\n1,divide,0\n2,divide,0\n1,add,1\n")
    expect(page.locator(".batch").first).to_contain_text("3 of 3 ended · 2 failed", timeout=ENDS)
    page.locator(".batch").first.get_by_role("link").click()
    failures = page.locator(".failures")
    expect(failures).to_contain_text("2 ×")
    failures.get_by_role("link", name="Retry these").click()
    expect(page.get_by_text("Error: Division by zero has no result.")).to_be_visible()
    page.get_by_role("button", name="Retry 2 tasks").click()
    page.wait_for_url("**/?*error=*")
