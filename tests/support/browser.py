"""Chromium through Playwright; a page that logged an error or broke the CSP fails its test."""

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from support.needs import need

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The Chromium on PATH."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not path:
        need("no Chromium on PATH: install it (apt install chromium) to run the browser tests")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, headless=True, args=ARGUMENTS)
        yield running
        running.close()


def watched(context: BrowserContext) -> Iterator[Page]:
    """A page whose console errors fail the test; a refused form's own status line is none."""
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    yield page
    context.close()
    # Docker adding a network interrupts Chromium's requests; the page's script tries again.
    expected = ("status of 422", "ERR_NETWORK_CHANGED")
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
