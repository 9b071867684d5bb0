"""What the database took for this process's claims and outcomes, until an outcome carries it into the counters.

The last write's own time waits for the next one: a statement for it alone would cost as much as what it tells.
"""

import time
from collections import Counter as Numbers
from collections.abc import Callable, Mapping
from typing import Literal, TypeVar

T = TypeVar("T")
What = Literal["claim", "write"]


class Spent:
    """One pool process's; what it spent on a database that was away is not in it."""

    def __init__(self) -> None:
        self.numbers: Numbers[str] = Numbers()

    def on(self, what: What, step: Callable[[], T]) -> T:
        """Do a step of the database."""
        began = time.monotonic()
        found = step()
        self.numbers.update({f"{what}s": 1, f"{what}_time": int((time.monotonic() - began) * 1e6)})
        return found

    def until_now(self) -> Mapping[str, int]:
        """What is to be carried."""
        return dict(self.numbers)

    def carried(self, numbers: Mapping[str, int]) -> None:
        """So much is in the counters."""
        self.numbers.subtract(numbers)


spent = Spent()
