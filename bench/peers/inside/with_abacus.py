"""Abacus, one task at a time through its service, as each request does it."""

from arithmetic.models import MathTask
from durable.publisher import publisher
from durable.services import create_task

WORKER = ["/app/run.sh", "celery"]


def enqueue(x: str, y: str) -> int:
    """The row, then its hand-over."""
    task, _ = create_task(kind=MathTask.kind, values={"x": x, "task_type": "multiply", "y": y})
    identity: int = task.pk
    return identity


def flush() -> None:
    """Wait until all that was handed over is sent."""
    assert publisher.flush(60), "the messages are sent within a minute"
