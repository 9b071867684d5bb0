"""How rows come into a table: written by hand, since Django's way takes the process five to seven times as long."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache, partial
from typing import Any

from django.db import DataError, IntegrityError, connection
from django.utils.dateparse import parse_datetime

from durable import schedule
from durable.by import NOBODY, By
from durable.celery.broker import BATCHED, SINGLE
from durable.group import Group
from durable.kinds import Kind
from durable.states import Status

STATE = ("status", "due_time")
CREATED = (str(Status.CREATED), None)
DEADLOCK = 1213  # of MySQL


def state(due: datetime | None) -> tuple[str, Any]:
    """STATE of a task that is due then, or at once."""
    if due is None:
        return CREATED
    return str(Status.SCHEDULED), connection.ops.adapt_datetimefield_value(due)


@cache
def fresh(kind: Kind) -> dict[str, Any]:
    """What every new row has, by column."""
    outputs = {str(kind.fields[name].column): value for name, value in zip(kind.outputs, empty(kind), strict=True)}
    return {"error": "", "attempts": 0, "worker": "", "round": 0, **outputs}


def empty(kind: Kind) -> tuple[Any, ...]:
    """The outputs before there are any, as the driver takes them."""
    return kind.prepare(list(kind.empty.values()), kind.outputs)


@cache
def statement(kind: Kind) -> str:
    """INSERT of one row: the inputs, its state, batch, queue, key, by whom and in which request, and what all have.

    mysqlclient joins many rows into few statements, and does so only where VALUES holds nothing but placeholders.
    """
    inputs = [kind.fields[name].column for name in kind.inputs]
    columns = [*inputs, *STATE, "batch_id", "queue", "idempotency_key", "created_by", "request_id", *fresh(kind)]
    names = ", ".join(connection.ops.quote_name(str(column)) for column in columns)
    return f"INSERT INTO {connection.ops.quote_name(kind.table)} ({names}) VALUES ({', '.join(['%s'] * len(columns))})"  # noqa: S608


def insert_one(
    kind: Kind, inputs: Sequence[Any], idempotency_key: str | None, by: By = NOBODY, due: datetime | None = None
) -> Any:
    """Store a task, its inputs valid; the row, with the database's id and times."""
    who = {"idempotency_key": idempotency_key, "created_by": by.name, "request_id": by.request_id}
    values = row(kind, inputs, state(due), who)
    # In a transaction of the caller's it is stored with the rest of that, or not at all.
    identity, *stamps = group(kind).put(values) if connection.get_autocommit() else store(kind, [values])[0]
    create_time, update_time = map(moment, stamps)
    times = {"create_time": create_time, "update_time": update_time}
    own = {**who, "status": state(due)[0], "due_time": due}
    return kind.model(id=identity, **own, **times, **dict(zip(kind.inputs, inputs, strict=True)))


def row(kind: Kind, inputs: Sequence[Any], state: tuple[str, Any], who: Mapping[str, Any]) -> list[Any]:
    """What `statement` takes of a task that is no batch's."""
    return [*kind.prepare(inputs), *state, None, SINGLE, *who.values(), *fresh(kind).values()]


@cache
def group(kind: Kind) -> Group:
    """Those of this process that store one of the kind at the same time."""
    return Group(partial(store, kind), is_a_rows_own)


def is_a_rows_own(error: Exception) -> bool:
    """Whether one row is at fault, as a key that is stored already; or two statements that waited for each other."""
    return isinstance(error, IntegrityError | DataError) or error.args[:1] == (DEADLOCK,)


def store(kind: Kind, rows: Sequence[Sequence[Any]]) -> list[tuple[Any, ...]]:
    """All rows by one statement, or none: id, create_time and update_time of each.

    The ids of one INSERT follow each other, and its rows have the same times.
    """
    insert, one = statement(kind).split(" VALUES ")
    insert = f"{insert} VALUES {', '.join([one] * len(rows))}"
    values = [value for row in rows for value in row]
    times = f"create_time, update_time FROM {connection.ops.quote_name(kind.table)} WHERE id = "
    with connection.cursor() as cursor:
        if connection.vendor == "mysql":  # which tells of the first, and takes both in one round trip
            select = f"SELECT @@auto_increment_increment, id, {times}LAST_INSERT_ID()"
            cursor.execute(f"{insert}; {select}", values)
            cursor.nextset()
            step, first, *stamps = cursor.fetchone()
        else:
            cursor.execute(insert, values)
            step, first = 1, cursor.lastrowid - len(rows) + 1
            cursor.execute(f"SELECT {times}%s", [first])
            stamps = cursor.fetchone()
        return [(first + number * step, *stamps) for number in range(len(rows))]


def insert_many(
    kind: Kind, batch: int, rows: Iterable[Sequence[Any]], created_by: str = "", now: datetime | None = None
) -> int:
    """Store tasks of a batch, their inputs plain and valid; how many rows the database says it has stored.

    What stands behind a row's inputs is its `run_after`, which counts from `now`.
    """
    width = len(kind.inputs)
    rest = (batch, BATCHED, None, created_by, "", *fresh(kind).values())
    with connection.cursor() as cursor:
        cursor.executemany(
            statement(kind),
            [
                (*given, *CREATED, *rest) if now is None or len(given) == width
                else (*given[:width], *state(schedule.due(given[width], now)), *rest)
                for given in rows
            ],
        )  # fmt: skip
        return int(cursor.rowcount)


def moment(value: datetime | str) -> datetime:
    """A time as the database's client gives it: UTC without saying so, from SQLite as text."""
    found = parse_datetime(value) if isinstance(value, str) else value
    assert found is not None
    return found.replace(tzinfo=UTC)
