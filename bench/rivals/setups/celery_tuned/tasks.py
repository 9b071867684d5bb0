from celery import shared_task
from django.db import InterfaceError, OperationalError

from bench.rivals.rows.models import Row
from bench.rivals.rows.work import compute


@shared_task(
    autoretry_for=(InterfaceError, OperationalError), retry_backoff=True, retry_backoff_max=10, max_retries=None
)
def multiply(identity: int) -> None:
    compute(identity)


def enqueue(x: int, y: int) -> int:
    row = Row.objects.create(x=x, y=y)
    multiply.delay_on_commit(row.pk)
    return row.pk
