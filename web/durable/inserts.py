"""How rows come into a table: written by hand, since Django's way takes the process five to seven times as long."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any

from django.db import connection
from django.utils.dateparse import parse_datetime

from durable.celery.broker import BATCHED, SINGLE
from durable.kinds import Kind
from durable.models import Status


@cache
def fresh(kind: Kind) -> dict[str, Any]:
    """What every new row has, by column."""
    outputs = {str(kind.fields[name].column): value for name, value in zip(kind.outputs, empty(kind), strict=True)}
    return {"status": str(Status.CREATED), "error": "", "attempts": 0, "worker": "", "round": 0, **outputs}


def empty(kind: Kind) -> tuple[Any, ...]:
    """The outputs before there are any, as the driver takes them."""
    return kind.prepare(list(kind.empty.values()), kind.outputs)


@cache
def statement(kind: Kind) -> str:
    """INSERT of one row: the inputs, batch, queue, key, and what is the same for all.

    mysqlclient joins many rows into few statements, and does so only where VALUES holds nothing but placeholders.
    """
    inputs = [kind.fields[name].column for name in kind.inputs]
    columns = [*inputs, "batch_id", "queue", "idempotency_key", *fresh(kind)]
    names = ", ".join(connection.ops.quote_name(str(column)) for column in columns)
    return f"INSERT INTO {connection.ops.quote_name(kind.table)} ({names}) VALUES ({', '.join(['%s'] * len(columns))})"  # noqa: S608


def insert_one(kind: Kind, inputs: Sequence[Any], idempotency_key: str | None) -> Any:
    """Store a task, its inputs valid; the row, with the database's id and times."""
    values = [*kind.prepare(inputs), None, SINGLE, idempotency_key, *fresh(kind).values()]
    stored = f"SELECT id, create_time, update_time FROM {connection.ops.quote_name(kind.table)} WHERE id = "  # noqa: S608
    with connection.cursor() as cursor:
        if connection.vendor == "mysql":  # both statements in one round trip
            cursor.execute(f"{statement(kind)}; {stored}LAST_INSERT_ID()", values)
            cursor.nextset()
        else:
            cursor.execute(statement(kind), values)
            cursor.execute(f"{stored}%s", [cursor.lastrowid])
        identity, *stamps = cursor.fetchone()
    create_time, update_time = map(moment, stamps)
    times = {"create_time": create_time, "update_time": update_time}
    return kind.model(
        id=identity, idempotency_key=idempotency_key, **times, **dict(zip(kind.inputs, inputs, strict=True))
    )


def insert_many(kind: Kind, batch: int, rows: Iterable[Sequence[Any]]) -> int:
    """Store tasks of a batch, their inputs plain and valid; how many rows the database says it has stored."""
    rest = (batch, BATCHED, None, *fresh(kind).values())
    with connection.cursor() as cursor:
        cursor.executemany(statement(kind), [(*row, *rest) for row in rows])
        return int(cursor.rowcount)


def moment(value: datetime | str) -> datetime:
    """A time as the database's client gives it: UTC without saying so, from SQLite as text."""
    found = parse_datetime(value) if isinstance(value, str) else value
    assert found is not None
    return found.replace(tzinfo=UTC)
