"""Celery as its pages for Django show it, with results in the database.

https://docs.celeryq.dev/en/stable/django/first-steps-with-django.html
"""

from celery import Celery

from .rows import BROKER, multiply, store

WORKER = ["celery", "-A", "peers.with_celery", "worker", "--concurrency", "2"]

app = Celery("peer", broker=BROKER, backend="django-db")


@app.task(name="peer.multiply")
def compute(identity: int) -> None:
    """One task, one message."""
    multiply(identity)


def enqueue(x: str, y: str) -> int:
    """The row, then its message."""
    identity = store(x, y)
    compute.delay(identity)
    return identity
