"""Abacus, all tasks as one CSV file: read, checked, stored and handed over, as an upload does it."""

from arithmetic.batches import read_csv
from arithmetic.services import create_batch

from .with_abacus import WORKER, flush

__all__ = ["WORKER", "enqueue_many", "flush"]


def enqueue_many(count: int) -> None:
    """All rows, then their hand-over."""
    lines = [b"x,task_type,y\n", *(b"%d,multiply,7\n" % number for number in range(count))]
    create_batch(rows=read_csv(lines))
