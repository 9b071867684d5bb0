"""Messages as a worker gets them, and those that it sends."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from pytest_django import Settings
from rows import KIND

from arithmetic.models import MathTask
from durable import tasks
from durable.celery.broker import SINGLE

Message = tuple[int, list[int], str]


@pytest.fixture(name="again", autouse=True)
def sent_again(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> list[Message]:
    """(round, ids, queue) of what a run publishes."""
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    cache.clear()
    sent: list[Message] = []
    send = lambda kind, round, ids, *_, queue, portion: sent.append((round, list(ids), queue))  # noqa: E731
    monkeypatch.setattr(tasks, "send", send)
    return sent


def run(ids: list[int], round: int = 0, throw: bool = True, queue: str = SINGLE) -> None:
    """A worker gets the message."""
    tasks.run.apply(args=(KIND.name, round, ids), throw=throw, routing_key=queue)


def performs(monkeypatch: pytest.MonkeyPatch, function: Callable[[Any], Any]) -> None:
    """Work of another sort than arithmetic."""
    monkeypatch.setattr(MathTask, "perform", staticmethod(function))
