"""dramatiq, with its default of eight threads a process.

https://dramatiq.io/guide.html
"""

import dramatiq
from dramatiq.brokers.redis import RedisBroker

from .rows import BROKER, multiply, store

WORKER = ["dramatiq", "peers.with_dramatiq", "--processes", "2"]

dramatiq.set_broker(RedisBroker(url=BROKER))


@dramatiq.actor
def compute(identity: int) -> None:
    """One task, one message."""
    multiply(identity)


def enqueue(x: str, y: str) -> int:
    """The row, then its message."""
    identity = store(x, y)
    compute.send(identity)
    return identity
