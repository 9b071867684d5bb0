from django.db import transaction
from django_tasks import task

from bench.rivals.rows.models import Row
from bench.rivals.rows.work import compute


@task
def multiply(identity: int) -> None:
    compute(identity)


def enqueue(x: int, y: int) -> int:
    with transaction.atomic():
        row = Row.objects.create(x=x, y=y)
        multiply.enqueue(row.pk)
    return row.pk
