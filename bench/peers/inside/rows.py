"""The work, the same for every peer: read the row, multiply, write the row, as a Django project writes it."""

from django.utils import timezone

from arithmetic.models import MathTask
from arithmetic.operations import apply
from durable.databases import redis_url
from durable.models import Status

# Beside Abacus's own broker (0) and cache (1).
BROKER = redis_url(2, "redis", "unix")


def store(x: str, y: str) -> int:
    """A new row; its id."""
    task = MathTask.objects.create(x=x, task_type="multiply", y=y)
    identity: int = task.pk
    return identity


def multiply(identity: int) -> None:
    """Compute the row."""
    task = MathTask.objects.get(pk=identity)
    task.result = apply("multiply", task.x, task.y)
    task.status, task.update_time = Status.SUCCESS, timezone.now()
    task.save(update_fields=["result", "status", "update_time"])
