"""dramatiq, with its default of eight threads a process.

https://dramatiq.io/guide.html
"""

import dramatiq  # type: ignore[import-not-found]  # the image has it
from dramatiq.brokers.redis import RedisBroker  # type: ignore[import-not-found]

from .rows import BROKER, multiply, store

WORKER = ["dramatiq", "peers.with_dramatiq", "--processes", "2"]

dramatiq.set_broker(RedisBroker(url=BROKER))


@dramatiq.actor  # type: ignore[untyped-decorator]
def compute(identity: int) -> None:
    """One task, one message."""
    multiply(identity)


def enqueue(x: str, y: str) -> int:
    """The row, then its message."""
    identity = store(x, y)
    compute.send(identity)
    return identity
