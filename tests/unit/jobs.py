"""Jobs, and the workers that do them: without a broker, at once."""

from collections.abc import Iterator
from typing import Any, TypeAlias

import pytest

from durable.jobs.contract import TaskResult
from durable.jobs.models import Job
from durable.testing.broker import broker, publisher
from durable.testing.suite import PLAIN
from support import errands

Result: TypeAlias = "TaskResult[Any]"  # in Django 6 it takes no parameter
BUGS = (ConnectionError, errands.OutOfStockError, TypeError, ValueError)


@pytest.fixture(autouse=True)
def remembered(monkeypatch: pytest.MonkeyPatch, settings: Any) -> Iterator[None]:
    """A broker that only remembers; what failed is tried again at once."""
    for room in ("services", "actions"):
        monkeypatch.setattr(f"durable.{room}.publisher", publisher)
    monkeypatch.setattr("durable.tasks.run.apply_async", broker.apply_async)
    monkeypatch.setattr(Job.kind, "backoff", lambda attempts: 0.0)
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": PLAIN}}
    broker.sent()
    yield
    broker.sent()


def work() -> None:
    """Have workers do all that there is; what they raise is for Celery's record."""
    while True:
        try:
            return broker.work()
        except BUGS:
            continue


def worked(result: Result) -> Result:
    """The result once workers have done all that there is."""
    work()
    result.refresh()
    return result
