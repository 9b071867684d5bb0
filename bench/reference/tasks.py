"""The task of the documented way: read the row, compute, save the row."""

from celery import shared_task

from arithmetic.operations import apply
from bench.reference.models import Documented


@shared_task
def compute(task_id: int) -> None:
    """Compute one task."""
    task = Documented.objects.get(pk=task_id)
    task.result = apply(task.task_type, task.x, task.y)
    task.status = "success"
    task.save()
