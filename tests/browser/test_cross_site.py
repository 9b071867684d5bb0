"""A page of another origin in a real browser: whatever it sends, nothing here changes."""

import uuid

import pytest
from playwright.sync_api import Browser

from support.foreign import cross_site
from support.http import ask, create, finished, task
from support.stack import bridge_address
from support.waiting import wait_for


# Another port of this address is another origin on the same site; another name of this machine is another site.
@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_a_page_of_another_origin_changes_nothing(browser: Browser, site: str, host: str) -> None:
    failed, marker = create(site, "1", "divide", "0"), str(uuid.uuid4().int % 10**15)
    before = wait_for(lambda: finished(site, failed), 20, "the task has failed")
    statuses = cross_site(browser, host, site, {"x": marker, "task_type": "add", "y": "1"}, failed)
    assert set(statuses) == {403}
    made = [each for each in ask("GET", f"{site}/api/tasks?limit=500").json()["items"] if each["x"] == marker]
    assert made == []
    assert task(site, failed)["update_time"] == before["update_time"]


# Over plain HTTP to another address than this machine's own a browser sends no Sec-Fetch-Site: Origin has to do.
@pytest.mark.parametrize("site", ["stack"], indirect=True)
def test_it_changes_nothing_in_the_own_network_either(browser: Browser, site: str) -> None:
    target = site.replace("127.0.0.1", bridge_address())
    failed = create(target, "1", "divide", "0")
    before = wait_for(lambda: finished(target, failed), 20, "the task has failed")
    statuses = cross_site(browser, "localhost", target, {"x": "5", "task_type": "add", "y": "1"}, failed)
    assert set(statuses) == {403}
    assert task(target, failed)["update_time"] == before["update_time"]


def test_what_a_command_line_sends_goes_on(site: str) -> None:
    assert create(site, "1", "add", "1")
