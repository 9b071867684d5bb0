"""What axe-core finds: nothing."""

from typing import Literal

import pytest
from playwright.sync_api import FilePayload, Page, expect

from support.axe import violations
from support.http import ask, create

# The markup is the same on each stack: once is enough.
pytestmark = pytest.mark.parametrize("site", ["embedded"], indirect=True)

BAD_FILE: FilePayload = {"name": "a.csv", "mimeType": "text/csv", "buffer": b"x,task_type,y\n1,add,?"}
PATHS = ["/", "/?status=failed", "/?batch=wrong", "/tasks/many?action=cancel&status=failed", "/nothing", "/login"]
PATHS += ["/batches", "/activity", "/activity?range=24h", "/tasks/TASK", "/batches/BATCH"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_axe_finds_nothing_on_the_page(
    unguarded_page: Page, axe: str, site: str, width: int, scheme: Literal["light", "dark"]
) -> None:
    page = unguarded_page
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 800})
    create(site, "1", "divide", "0")
    page.goto(site)
    page.get_by_role("link", name="From a CSV file").click()
    page.set_input_files("#file", BAD_FILE)
    page.get_by_role("button", name="Create the tasks").click()
    expect(page.locator("#upload-error li")).to_have_count(1)
    page.get_by_text("More filters").click()

    assert violations(page, axe) == []


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_axe_finds_nothing_on_the_other_pages(
    unguarded_page: Page, axe: str, site: str, path: str, language: str
) -> None:
    page = unguarded_page
    task = create(site, "1", "divide", "0")
    csv = "x,task_type,y\n1,divide,0\n"
    batch = ask("POST", f"{site}/api/batches", csv, {"Content-Type": "text/csv"}).json()["id"]
    path = path.replace("TASK", str(task)).replace("BATCH", str(batch))
    page.goto(f"{site}{path}{'&' if '?' in path else '?'}lang={language}")

    assert page.locator("html").get_attribute("lang") == language
    assert violations(page, axe) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_axe_finds_nothing_on_the_login(
    unguarded_page: Page, axe: str, site: str, width: int, scheme: Literal["light", "dark"]
) -> None:
    page = unguarded_page
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(f"{site}/login")
    page.get_by_label("Name", exact=True).fill(f"nobody {width} {scheme}")
    page.get_by_label("Password").fill("wrong")
    page.locator("#login").get_by_role("button", name="Log in").click()
    expect(page.locator("#login-error")).not_to_be_empty()

    assert violations(page, axe) == []
