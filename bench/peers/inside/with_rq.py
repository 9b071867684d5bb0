"""rq, with workers that do not fork for each task: its fast way.

https://python-rq.org/docs/workers/
"""

from redis import Redis
from rq import Queue  # type: ignore[import-not-found]  # the image has it

from .rows import BROKER, multiply, store

WORKER = [
    "rq", "worker-pool", "--url", BROKER, "--num-workers", "2", "--worker-class", "rq.SimpleWorker", "--quiet",
]  # fmt: skip

queue = Queue(connection=Redis.from_url(BROKER))


def enqueue(x: str, y: str) -> int:
    """The row, then its message."""
    identity = store(x, y)
    queue.enqueue(multiply, identity)
    return identity
