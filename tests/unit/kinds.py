"""The kinds beside the first one, as a program and a worker meet them."""

from typing import Any

import pytest
from django.test import Client

from durable.runs import Run

JSON = "application/json"
LOAN = {"amount": "1200.50", "months": 12, "start": "2026-01-31"}


@pytest.fixture(name="client")
def program() -> Client:
    """As a program: every failure is an answer."""
    return Client(raise_request_exception=False)


def run(kind: Any, *ids: int) -> None:
    """As a worker does."""
    Run(kind.kind, 0, list(ids)).go()
