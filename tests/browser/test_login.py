"""Logging in and out in a real browser, and what a page offers to whom."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from support.embedded import Embedded
from support.http import ask

NAME, PASSWORD = "alice", "correct horse battery"
ENDS = 20_000


@pytest.fixture(scope="module", params=["login", "read"])
def guarded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The mode, and the address of a ./run.sh in it that knows one person."""
    who = {"DJANGO_SUPERUSER_USERNAME": NAME, "DJANGO_SUPERUSER_PASSWORD": PASSWORD}
    with Embedded(tmp_path_factory.mktemp(request.param), None, ACCESS=request.param, **who) as running:
        yield request.param, running.url


def log_in(page: Page, password: str = PASSWORD) -> None:
    page.get_by_label("Name", exact=True).fill(NAME)
    page.get_by_label("Password").fill(password)
    page.locator("#login").get_by_role("button", name="Log in").click()


def work(page: Page) -> None:
    """Create a task and see it end, without a reload."""
    page.get_by_label("First number").fill("2")
    page.locator("#task-form").get_by_label("Operation").select_option("add")
    page.get_by_label("Second number").fill("3")
    page.get_by_role("button", name="Calculate").click()
    expect(page.locator("#tasks tbody tr").first.locator(".result")).to_have_text("5", timeout=ENDS)


def test_a_person_logs_in_works_and_logs_out(browser_page: Page, guarded: tuple[str, str]) -> None:
    page, (mode, url) = browser_page, guarded
    page.goto(f"{url}/?status=success")
    if mode == "read":
        expect(page.locator("#tasks")).to_be_visible()
        expect(page.locator("#task-form, #upload, #act")).to_have_count(0)
        page.locator("header").get_by_role("link", name="Log in").click()
    log_in(page, "wrong")
    expect(page.get_by_role("alert")).to_have_text("The name or the password is wrong.")
    expect(page.get_by_label("Name", exact=True)).to_have_value(NAME)
    log_in(page)
    expect(page).to_have_url(f"{url}/?status=success")
    expect(page.locator("header .person")).to_contain_text(NAME)
    page.goto(url)
    work(page)
    page.get_by_role("button", name="Log out").click()
    expect(page).to_have_url(re.compile(r"/login" if mode == "login" else rf"^{url}/$"))
    expect(page.locator("header .person")).to_have_count(0)
    assert ask("POST", f"{url}/api/tasks", {"x": "1", "task_type": "add", "y": "1"}).status == 401


def test_it_works_without_javascript(browser_page_without_js: Page, guarded: tuple[str, str]) -> None:
    page, (_, url) = browser_page_without_js, guarded
    page.goto(f"{url}/login")
    log_in(page)
    expect(page).to_have_url(f"{url}/")
    expect(page.locator("#task-form")).to_be_visible()


@pytest.mark.parametrize("guarded", ["login"], indirect=True)
def test_a_page_whose_session_has_ended_leads_to_the_login_by_itself(
    browser_page: Page, guarded: tuple[str, str]
) -> None:
    page, (_, url) = browser_page, guarded
    page.goto(url)
    log_in(page)
    expect(page.locator("#tasks")).to_be_visible()
    page.context.clear_cookies(name="sessionid")
    expect(page.get_by_role("heading", name="Log in")).to_be_visible(timeout=ENDS)


def test_it_is_chinese_for_those_who_read_it(chinese_page: Page, guarded: tuple[str, str]) -> None:
    page, (_, url) = chinese_page, guarded
    page.goto(f"{url}/login")
    page.get_by_label("用户名").fill("nobody")
    page.get_by_label("密码").fill("x")
    page.locator("#login").get_by_role("button", name="登录").click()
    expect(page.get_by_role("alert")).to_have_text("用户名或密码错误。")
