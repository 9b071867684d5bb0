"""What the unit tests share: SQLite in a file, pages without built static files, a recorder for the publisher."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.contrib.auth.models import User
from django.db import connections
from django.test import Client
from pytest_django import Settings

from arithmetic.models import MathTask
from durable.http import shell


@pytest.fixture(scope="session")
def django_db_modify_db_settings() -> None:
    """A file, as in production: threads compete for its lock, which SQLite in memory would refuse at once."""
    connections.settings["default"]["TEST"]["NAME"] = str(Path(django_settings.DATA_DIR) / "test.sqlite3")


@pytest.fixture(autouse=True)
def tries_follow_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is put off after a bug or a death, so that messages can be looked at; test_backoff.py says otherwise."""
    monkeypatch.setattr(MathTask.kind, "backoff", lambda attempts: 0.0)


@pytest.fixture(autouse=True)
def no_page_is_remembered() -> None:
    """Of another test's rows; see shell.py."""
    shell.forget()


@pytest.fixture
def plain_static(settings: Settings, tmp_path: Path) -> None:
    """Pages render without collectstatic."""
    settings.STATIC_ROOT = tmp_path
    settings.STORAGES = {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, str]]:
    """The (id, request id) pairs that requests hand to the publisher, which itself needs a broker."""
    handed: list[tuple[int, str]] = []
    put = lambda kind, task_id, request_id="": handed.append((task_id, request_id))  # noqa: E731
    monkeypatch.setattr("durable.services.publisher.put", put)

    def put_many(kind: str, round: int, ids: Sequence[int], request_id: str, queue: str) -> None:
        handed.extend((task_id, f"{request_id} {queue}") for task_id in ids)

    monkeypatch.setattr("durable.services.publisher.put_many", put_many)
    return handed


@pytest.fixture
def boss(client: Client) -> Client:
    """Logged in as a superuser."""
    client.force_login(User.objects.create_superuser("boss"))
    return client
