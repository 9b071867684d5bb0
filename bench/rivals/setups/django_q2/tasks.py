from django.db import transaction
from django_q.tasks import async_task

from bench.rivals.rows.models import Row
from bench.rivals.rows.work import compute


def multiply(identity: int) -> None:
    compute(identity)


def enqueue(x: int, y: int) -> int:
    with transaction.atomic():
        row = Row.objects.create(x=x, y=y)
        async_task(multiply, row.pk)
    return row.pk
