"""`run_after`: what may be said of when a task begins at the earliest, and the moment that follows from it."""

import math
import re
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_noop

from durable.backoff import LONGEST
from durable.checkers import Refused
from durable.words import say

RUN_AFTER = "run_after"  # the field of the API, the column of a CSV file
SECONDS = re.compile(r"[0-9]{1,12}(\.[0-9]{1,6})?", re.ASCII)
HOW = gettext_noop("Give seconds from now, such as 90, or a time with its zone, such as 2026-01-31T12:00:00Z.")
NAIVE = gettext_noop("Name the zone of this time: 2026-01-31T12:00:00Z is in UTC.")
TOO_FAR = gettext_noop("This is more than ten years ahead: name an earlier time.")
Wanted = float | str | None  # seconds from now, a time in UTC as ISO 8601 has it, or at once

DESCRIBED: dict[str, Any] = {
    "anyOf": [{"type": "string", "format": "date-time"}, {"type": "number", "minimum": 0}, {"type": "null"}],
    "description": (
        "When it begins at the earliest: seconds from now, or a time in ISO 8601 with its zone (Z is UTC), at most ten "
        "years ahead. A time in the past, null or none at all means at once."
    ),
}


def read(value: Any) -> Wanted:
    """What JSON, CSV or a caller gives, in its one spelling (which may be read again); Refused with a sentence."""
    if value is None or value == "":
        return None
    if isinstance(value, str):
        value = value.strip()
        return seconds(float(value)) if SECONDS.fullmatch(value) else moment(parsed(value))
    if isinstance(value, timedelta):
        return seconds(value.total_seconds())
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return seconds(value)
    raise Refused(say(HOW))


def seconds(value: float) -> float:
    """From now on."""
    if not 0 <= value < math.inf:
        raise Refused(say(HOW))
    if value > LONGEST:
        raise Refused(say(TOO_FAR))
    return float(value)


def parsed(text: str) -> datetime:
    """A time as ISO 8601 has it."""
    try:
        found = parse_datetime(text)
    except ValueError:  # well formed, and no such day
        found = None
    if found is None:
        raise Refused(say(HOW))
    return found


def moment(value: datetime) -> str:
    """The same in UTC."""
    if value.tzinfo is None:
        raise Refused(say(NAIVE))
    try:
        value = value.astimezone(UTC)
    except OverflowError:
        raise Refused(say(HOW)) from None
    if value - timezone.now() > timedelta(seconds=LONGEST):
        raise Refused(say(TOO_FAR))
    return value.isoformat()


def clock() -> datetime:
    """Now, by the database: it will say when a task is due."""
    mysql = connection.vendor == "mysql"
    with connection.cursor() as cursor:
        cursor.execute("SELECT NOW(6)" if mysql else "SELECT STRFTIME('%Y-%m-%d %H:%M:%f', 'NOW')")
        (found,) = cursor.fetchone()
    now = datetime.fromisoformat(found) if isinstance(found, str) else found
    return now.replace(tzinfo=UTC)


def due(wanted: Wanted, now: datetime) -> datetime | None:
    """When a task that `read` was asked for is due; None where that is at once."""
    if wanted is None:
        return None
    found = now + timedelta(seconds=wanted) if isinstance(wanted, float) else datetime.fromisoformat(wanted)
    return found if found > now else None
