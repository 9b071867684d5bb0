"""A batch as CSV, in the order of the upload, in constant memory."""

import csv
import io
import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from durable import kinds
from durable.batches import CHUNK, tasks
from durable.indexes import walking
from durable.kinds import Kind
from durable.models import Batch, Status

# What a spreadsheet takes for a formula, in the full width of East Asia as well; a signed number is none.
FORMULA = re.compile(r"[=@\t\r\n＝＠＋－]|[+-](?![0-9.,]*(?:[eE][+-]?[0-9]+)?$)")


def columns(kind: Kind) -> tuple[str, ...]:
    """The first line."""
    return ("id", *kind.inputs, "status", *kind.outputs, "error")


def results(batch: Batch) -> Iterator[bytes]:
    """The lines, as far as the batch is."""
    kind, last = kinds.get(batch.kind), 0
    yield (",".join(columns(kind)) + "\r\n").encode()
    # By keyset, not by one long query: no cursor stays open while a slow client reads.
    while rows := after(batch, kind, last):
        text = io.StringIO()
        csv.writer(text).writerows(map(line, rows))
        last = rows[-1][0]
        yield text.getvalue().encode()


def after(batch: Batch, kind: Kind, last: int) -> list[tuple[Any, ...]]:
    """The next rows, with who has claimed each."""
    rows = tasks(batch).shown().filter(id__gt=last).order_by("id")
    with walking(kind, "batch"):
        found = list(rows.values_list(*columns(kind), "holder")[:CHUNK])
    place = 1 + len(kind.inputs)
    pending = str(Status.PENDING)
    return [(*row[:place], pending, *row[place + 1 : -1]) if row[-1] else row[:-1] for row in found]


def line(row: Sequence[Any]) -> list[Any]:
    """The row's cells, none of which a spreadsheet would run."""
    return [cell(value) for value in row]


def cell(value: Any) -> Any:
    """One of them: JSON as JSON, and an apostrophe before what would be a formula."""
    if isinstance(value, dict | list):
        value = json.dumps(value, ensure_ascii=False)
    return f"'{value}" if isinstance(value, str) and FORMULA.match(value) else value
