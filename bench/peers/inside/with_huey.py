"""huey, with processes for workers.

https://huey.readthedocs.io/en/latest/guide.html
"""

from huey import RedisHuey  # type: ignore[import-not-found]  # the image has it

from .rows import BROKER, multiply, store

WORKER = ["huey_consumer", "peers.with_huey.huey", "--worker-type", "process", "--workers", "2", "--quiet"]

huey = RedisHuey("peer", url=BROKER)


@huey.task()  # type: ignore[untyped-decorator]
def compute(identity: int) -> None:
    """One task, one message."""
    multiply(identity)


def enqueue(x: str, y: str) -> int:
    """The row, then its message."""
    identity = store(x, y)
    compute(identity)
    return identity
