"""Abacus, all tasks as one CSV file: read, checked, stored and handed over, as an upload does it."""

from arithmetic.models import MathTask
from durable.services import create_batch
from durable.uploads import read_csv

from .with_abacus import WORKER, flush

__all__ = ["WORKER", "enqueue_many", "flush"]


def enqueue_many(count: int) -> None:
    """All rows, then their hand-over."""
    lines = [b"x,task_type,y\n", *(b"%d,multiply,7\n" % number for number in range(count))]
    create_batch(kind=MathTask.kind, rows=read_csv(MathTask.kind, lines))
