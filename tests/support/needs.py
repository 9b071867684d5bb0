"""What a test needs that a machine may lack."""

import os

import pytest


def need(missing: str) -> None:
    """Skip at a desk where something is missing, with the reason; fail where CI is set."""
    if missing and os.environ.get("CI"):
        pytest.fail(missing)
    if missing:
        pytest.skip(missing)
