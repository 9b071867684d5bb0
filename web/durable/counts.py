"""Counts that belong together: of one statement, so that a task is never counted twice or missed on its way."""

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection, models


def together(querysets: "Sequence[models.QuerySet[Any]]", most: int | None = None) -> list[int]:
    """How many rows each has, counted up to `most`."""
    parts, values = list[str](), list[Any]()
    for rows in querysets:
        try:
            sql, params = rows.order_by().values("pk")[:most].query.sql_with_params()
        except EmptyResultSet:
            sql, params = "SELECT NULL WHERE 1 = 0", ()
        parts.append(f"(SELECT COUNT(*) FROM ({sql}) found_{len(parts)})")  # noqa: S608 (Django's own SQL)
        values += params
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(parts)}", values)
        return [int(count) for count in cursor.fetchone()]
