"""From where on open pages ask for what changes: few different moments, and none that misses a change."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from django.utils import timezone

from durable.http.pages import LATELY, newest_change


def tasks(*ages: float) -> list[Any]:
    """Some that changed so many seconds ago."""
    now = timezone.now()
    return [SimpleNamespace(update_time=now - timedelta(seconds=age)) for age in ages]


def test_while_tasks_change_all_pages_of_a_second_ask_the_same() -> None:
    found = newest_change(tasks(0.1, 5))
    assert found
    assert found.microsecond == 0
    assert timezone.now() - found < timedelta(seconds=2)


def test_once_all_is_quiet_only_the_newest_is_sent_again() -> None:
    quiet = tasks(LATELY.total_seconds() + 1, 60)
    assert newest_change(quiet) == quiet[0].update_time


def test_an_empty_list_asks_for_everything() -> None:
    assert newest_change([]) is None
