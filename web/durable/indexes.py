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
    index = kind.index(*columns) if columns else "PRIMARY"
    table = (
        f"FROM `{kind.table}`"  # as Django quotes it for MySQL; SQLite's names have other quotes, and stay as they are
    )

    def force(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        return execute(sql.replace(table, f"{table} FORCE INDEX ({index})", 1) if "SELECT" in sql else sql, *rest)

    with connection.execute_wrapper(force):
        yield
