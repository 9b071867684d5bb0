"""Waiting for a condition, with a deadline and a reason."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def wait_for(condition: Callable[[], T | None], seconds: float, what: str, every: float = 0.1) -> T:
    """The condition's first true value; AssertionError after `seconds`."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"after {seconds:g} s still not: {what} (last: {value!r})")
        time.sleep(every)
