import dramatiq

from bench.rivals.rows.models import Row
from bench.rivals.rows.work import compute


@dramatiq.actor
def multiply(identity: int) -> None:
    compute(identity)


def enqueue(x: int, y: int) -> int:
    row = Row.objects.create(x=x, y=y)
    multiply.send(row.pk)
    return row.pk
