"""Now, and how long ago something was, by the database's clock, as SQL."""

from django.db import connection
from django.db.models import BigIntegerField
from django.db.models.expressions import RawSQL


def age(moment: str) -> str:
    """Microseconds since a moment: a column, or what tells one."""
    if connection.vendor == "mysql":
        return f"TIMESTAMPDIFF(MICROSECOND, {moment}, NOW(6))"
    return f"CAST((JULIANDAY('NOW') - JULIANDAY({moment})) * 86400000000 AS INTEGER)"


def now() -> str:
    """The moment; `%` twice, as in what has parameters."""
    return "NOW(6)" if connection.vendor == "mysql" else "STRFTIME('%%Y-%%m-%%d %%H:%%M:%%f', 'NOW')"


def waited() -> RawSQL:
    """For how many microseconds a row has waited: since it was created, or since what began its round."""
    since = "CASE WHEN round = 0 THEN create_time ELSE update_time END"
    greater = "GREATEST" if connection.vendor == "mysql" else "MAX"
    return RawSQL(f"{greater}(0, {age(since)})", (), output_field=BigIntegerField())  # noqa: S611
