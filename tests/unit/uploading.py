"""Uploads as a program makes them, and their rows as they are read."""

import json
from typing import Any

import pytest
from django.test import Client
from rows import KIND

from durable import uploads
from durable.batches import Rows

HEADER = "x,task_type,y\n"
GOOD = [{"x": "0.1", "task_type": "add", "y": "0.2"}, {"x": "6", "task_type": "divide", "y": "3"}]
Published = list[tuple[int, str]]


@pytest.fixture(name="client")
def program() -> Client:
    """As a program: every failure is an answer, and there is no cookie to protect."""
    return Client(enforce_csrf_checks=True, raise_request_exception=False)


def upload(client: Client, body: Any, content_type: str = "text/csv", **headers: str) -> Any:
    """POST /api/batches."""
    data = body if isinstance(body, bytes | str) else json.dumps(body)
    return client.post("/api/batches", data, content_type=content_type, headers=headers)


def read_csv(stream: Any) -> Rows:
    """A CSV of the first kind."""
    return uploads.read_csv(KIND, stream)


def read_json(body: bytes) -> Rows:
    """JSON of the first kind."""
    return uploads.read_json(KIND, [body])
