from django_rq import job

from bench.rivals.rows.models import Row
from bench.rivals.rows.work import compute


@job
def multiply(identity: int) -> None:
    compute(identity)


def enqueue(x: int, y: int) -> int:
    row = Row.objects.create(x=x, y=y)
    multiply.delay(row.pk)
    return row.pk
