"""Chromium through Playwright; a page that logged an error or broke the CSP fails its test."""

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from support.axe import axe_script
from support.embedded import Embedded
from support.needs import need

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The Chromium on PATH; not for longer, since Playwright leaves its event loop running in the tests' thread,

    and with one Django has other connections to the database than without.
    """
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not path:
        need("no Chromium on PATH: install it (apt install chromium) to run the browser tests")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, headless=True, args=ARGUMENTS)
        yield running
        running.close()


def watched(context: BrowserContext) -> Iterator[Page]:
    """A page whose console errors fail the test; the status line of what was refused is none."""
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    yield page
    context.close()
    # Docker adding a network interrupts Chromium's requests; the page's script tries again.
    expected = (
        "status of 422",
        "status of 400",
        "status of 401",
        "status of 404",
        "status of 409",
        "status of 413",
        "ERR_NETWORK_CHANGED",
        "ERR_FAILED",  # a test's own route.abort()
    )
    unexpected = [text for text in errors if not any(part in text for part in expected)]
    assert not unexpected, unexpected


@pytest.fixture
def browser_page(browser: Browser) -> Iterator[Page]:
    """A fresh page with JavaScript."""
    yield from watched(browser.new_context())


@pytest.fixture
def browser_page_without_js(browser: Browser) -> Iterator[Page]:
    """A fresh page without JavaScript."""
    yield from watched(browser.new_context(java_script_enabled=False))


@pytest.fixture
def chinese_page(browser: Browser) -> Iterator[Page]:
    """A fresh page of a browser whose reader prefers Chinese."""
    yield from watched(browser.new_context(locale="zh-CN"))


@pytest.fixture(scope="session")
def axe() -> str:
    """The source of axe-core."""
    return axe_script()


@pytest.fixture
def unguarded_page(browser: Browser) -> Iterator[Page]:
    """A page without its CSP, which would keep axe-core out; for that alone."""
    yield from watched(browser.new_context(bypass_csp=True))


@pytest.fixture(scope="module")
def slow_embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a ./run.sh whose tasks take a second each, so that there is time to do something about them."""
    with Embedded(tmp_path_factory.mktemp("slow"), TASK_SECONDS="1", TASKS_PER_MESSAGE="1") as running:
        yield running.url
