"""Tasks as CSV, in constant memory: a batch in the order of its upload, any other list newest first."""

import csv
import io
import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from durable.batches import CHUNK
from durable.filters import Filters
from durable.indexes import walking
from durable.kinds import Kind
from durable.states import Status

MOST = 100_000  # tasks in one file, as many as a batch may have
LOOKED_AT = 10 * MOST  # rows: what one download costs is bounded, however rare a match is

# What a spreadsheet takes for a formula, in the full width of East Asia as well; a signed number is none.
FORMULA = re.compile(r"[=@\t\r\n＝＠＋－]|[+-](?![0-9.,]*(?:[eE][+-]?[0-9]+)?$)")


def columns(kind: Kind) -> tuple[str, ...]:
    """The first line."""
    return ("id", *kind.inputs, "status", *kind.outputs, "error")


def results(kind: Kind, filters: Filters) -> Iterator[bytes]:
    """The lines of the tasks that match, as far as they are; at most MOST, of the newest LOOKED_AT."""
    yield (",".join(columns(kind)) + "\r\n").encode()
    # By keyset, not by one long query: no cursor stays open while a slow client reads.
    last, left, unseen = None, MOST, LOOKED_AT
    while left and unseen > 0 and (found := beyond(kind, filters, last)):
        unseen -= len(found)
        rows = [row for row in found if matches(row, filters)][:left]
        text = io.StringIO()
        csv.writer(text).writerows(line([row[name] for name in columns(kind)]) for row in rows)
        last, left = found[-1]["id"], left - len(rows)
        yield text.getvalue().encode()


def beyond(kind: Kind, filters: Filters, last: int | None) -> list[dict[str, Any]]:
    """The next rows, whether or not the part of the filters fits that no index serves."""
    rows, rest = kind.model.objects.shown(), filters.uncovered
    rows = rows.order_by("id") if filters.batch else rows.order_by("-id")
    if last is not None:
        rows = rows.filter(id__gt=last) if filters.batch else rows.filter(id__lt=last)
    names = dict.fromkeys([*columns(kind), "holder", *rest])
    with walking(kind, *filters.columns):
        found = list(filters.narrow(rows, without=rest).values(*names)[:CHUNK])
    return [{**row, "status": str(Status.PENDING)} if row["holder"] else row for row in found]


def matches(row: dict[str, Any], filters: Filters) -> bool:
    """Whether the rest of the filters fits, too."""
    return all(row[name] == value for name, value in filters.uncovered.items())


def line(row: Sequence[Any]) -> list[Any]:
    """The row's cells, none of which a spreadsheet would run."""
    return [cell(value) for value in row]


def cell(value: Any) -> Any:
    """One of them: JSON as JSON, and an apostrophe before what would be a formula."""
    if isinstance(value, dict | list):
        value = json.dumps(value, ensure_ascii=False)
    return f"'{value}" if isinstance(value, str) and FORMULA.match(value) else value
