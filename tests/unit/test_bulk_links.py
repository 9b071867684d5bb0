"""The links that change all that the list shows: only where they would do something, with how many."""

import re

import pytest
from django.test import Client
from rows import store

from durable import stats

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("plain_static")]


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """What another test saw is remembered for a second."""
    monkeypatch.setattr(stats, "memories", {})


def links(path: str) -> dict[str, str]:
    """Those that are to be seen: what they do, and their words."""
    html = Client().get(path).content.decode()
    found = re.findall(r'<a href="/tasks/many\?action=(\w+)[^"]*"([^>]*)>(.*?)</a>', html)
    return {action: re.sub(r"<[^>]+>", "", words) for action, rest, words in found if "hidden" not in rest}


def test_each_tells_how_many() -> None:
    store(3)
    store(2, status="failed")
    store(1, status="cancelled")
    assert links("/") == {"cancel": "Cancel all of these… 3", "retry": "Retry all of these… 3"}
    assert links("/?status=failed") == {"retry": "Retry all of these… 2"}


def test_one_that_would_do_nothing_is_not_there() -> None:
    store(2, status="success")
    assert links("/") == {}
    assert links("/?status=success") == {}


def test_where_more_narrows_the_list_nobody_has_counted() -> None:
    store(1, task_type="add")
    assert links("/?task_type=minus") == {"cancel": "Cancel all of these…", "retry": "Retry all of these…"}


def test_counts_that_are_not_whole_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stats, "COUNTED", 3)
    store(5, status="failed")
    assert links("/") == {"retry": "Retry all of these… 3+"}
