"""How long ago something was, by the database's clock, as SQL."""

from django.db import connection


def age(moment: str) -> str:
    """Microseconds since a moment: a column, or what tells one."""
    if connection.vendor == "mysql":
        return f"TIMESTAMPDIFF(MICROSECOND, {moment}, NOW(6))"
    return f"CAST((JULIANDAY('NOW') - JULIANDAY({moment})) * 86400000000 AS INTEGER)"
