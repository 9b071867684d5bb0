"""Which index a query walks. MySQL guesses by statistics, and for ordered pages it guesses wrong now and then."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection

from durable.kinds import Kind


@contextmanager
def walking(kind: Kind, *columns: str) -> Iterator[None]:
    """SELECTs of the kind's rows in this block walk the index over these columns; without any, the primary key.

    Without it a page may cost a sort of the whole table.
    """

    def force(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        return execute(forced(sql, kind, *columns) if "SELECT" in sql else sql, *rest)

    with connection.execute_wrapper(force):
        yield


def forced(sql: str, kind: Kind, *columns: str) -> str:
    """A SELECT of the kind's rows that walks the index."""
    index = kind.index(*columns) if columns else "PRIMARY"
    table = f"FROM `{kind.table}`"  # as it is quoted for MySQL; SQLite's names have other quotes, and stay as they are
    return sql.replace(table, f"{table} FORCE INDEX ({index})", 1)
