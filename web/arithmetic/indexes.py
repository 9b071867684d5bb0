"""Which index a query walks. MySQL guesses by statistics, and for ordered pages it guesses wrong now and then."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection

BATCH, BATCH_STATUS = "math_task_batch", "math_task_batch_status"
STATUS, TASK_TYPE = "math_task_status", "math_task_task_type"
UPDATE_TIME = "math_task_update_time"
PRIMARY = "PRIMARY"
TABLE = "FROM `math_task`"  # as Django quotes it for MySQL; SQLite's names have other quotes, and stay as they are


@contextmanager
def walking(index: str) -> Iterator[None]:
    """SELECTs of tasks in this block walk the index; without it a page may cost a sort of the whole table."""

    def force(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        return execute(sql.replace(TABLE, f"{TABLE} FORCE INDEX ({index})", 1) if "SELECT" in sql else sql, *rest)

    with connection.execute_wrapper(force):
        yield
