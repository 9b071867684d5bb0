"""English and Chinese, by the browser's language and by the switch; the API has one language and may be cached."""

import re

import pytest
from playwright.sync_api import Page, expect

from support.http import ask

ENDS = 20_000


def test_a_browser_that_prefers_chinese_gets_a_chinese_page(chinese_page: Page, site: str) -> None:
    page = chinese_page
    page.goto(site)
    expect(page.locator("html")).to_have_attribute("lang", "zh-hans")
    page.get_by_label("第一个数").fill("7")
    page.get_by_label("运算").first.select_option("divide")
    page.get_by_label("第二个数").fill("0")
    page.get_by_role("button", name="计算").click()
    expect(page.locator("#made")).to_have_text(re.compile(r"任务 \d+\s+失败：\s+除以零没有结果。"), timeout=ENDS)
    row = page.locator("#tasks tbody tr").first
    expect(row.locator(".status")).to_have_text("失败")
    expect(row.locator(".result")).to_have_text("除以零没有结果。")


def test_errors_are_chinese_too(chinese_page: Page, site: str) -> None:
    page = chinese_page
    page.goto(site)
    page.get_by_label("第一个数").fill("七")
    page.get_by_role("button", name="计算").click()
    expect(page.locator("#id_x-error")).to_have_text("请输入一个数，例如 12、-0.5 或 1.5e300。")
    page.get_by_role("link", name="从 CSV 文件").click()
    page.get_by_label("CSV 文件").set_input_files(
        {"name": "a.csv", "mimeType": "text/csv", "buffer": b"x,task_type,y\n?,add,1\n"}
    )
    page.get_by_role("button", name="创建任务").click()
    expect(page.locator("#upload-error li")).to_have_text("第 2 行：x：请输入一个数，例如 12、-0.5 或 1.5e300。")


@pytest.mark.parametrize("fixture", ["browser_page", "browser_page_without_js"])
def test_the_switch_changes_the_language_and_is_remembered(
    fixture: str, request: pytest.FixtureRequest, site: str
) -> None:
    page: Page = request.getfixturevalue(fixture)
    page.goto(f"{site}/?status=failed")
    page.get_by_role("button", name="简体中文").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("两个数，一个任务")
    assert page.url.endswith("/?status=failed")
    page.goto(site)
    expect(page.get_by_role("heading", level=1)).to_have_text("两个数，一个任务")
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Two numbers, one task")


@pytest.mark.parametrize("path", ["/api/tasks", "/api/stats", "/tasks/now?lang=zh-hans"])
def test_what_all_readers_share_carries_no_vary(site: str, path: str) -> None:
    answer = ask("GET", f"{site}{path}", headers={"Accept-Language": "zh-CN", "Accept-Encoding": "identity"})
    assert answer.status == 200
    assert "public, max-age=1" in answer.headers["cache-control"]
    assert "vary" not in answer.headers
    assert "set-cookie" not in answer.headers


def test_the_page_itself_varies(site: str) -> None:
    answer = ask("GET", f"{site}/", headers={"Accept-Language": "zh-CN"})
    assert answer.headers["content-language"] == "zh-hans"
    assert "Accept-Language" in answer.headers["vary"]
