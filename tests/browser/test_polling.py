"""What the page asks for while it is open, beside what HAProxy lets one address ask for."""

import re
import time

from playwright.sync_api import Page

from support.embedded import Embedded
from support.stack import ROOT
from support.waiting import wait_for

ASKED = "performance.getEntriesByType('resource').filter((entry) => entry.initiatorType === 'fetch').length"


def test_ten_open_tabs_stay_far_below_the_limit_of_an_address(browser_page: Page, embedded: Embedded) -> None:
    found = re.search(r"LIMIT_REQUESTS: \$\{LIMIT_REQUESTS:-(\d+)\}", (ROOT / "docker-compose.yaml").read_text())
    assert found
    browser_page.goto(embedded.url)
    before = wait_for(lambda: browser_page.evaluate(ASKED), 20, "the page asks")
    start = time.monotonic()
    wait_for(lambda: browser_page.evaluate(ASKED) >= before + 9, 60, "it asks on")
    asked = (browser_page.evaluate(ASKED) - before) / (time.monotonic() - start)
    assert 1 < asked < 3  # a second: the list once, the figures every other
    batches = 1  # a second more for each batch that runs
    assert 10 * (asked + batches) < int(found[1]) / 4
