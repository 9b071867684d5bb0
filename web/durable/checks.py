"""System checks for what single settings cannot say."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import Error as DatabaseError
from django.db import connection

MESSAGE_SECONDS = settings.CELERY_TASK_SOFT_TIME_LIMIT


@register()
def message_fits_time_limit(**_: Any) -> list[CheckMessage]:
    """A message's tasks run one after another under one time limit."""
    seconds = settings.TASK_SECONDS * settings.TASKS_PER_MESSAGE
    if seconds < MESSAGE_SECONDS:
        return []
    hint = f"Set TASKS_PER_MESSAGE to {max(1, int(10 // settings.TASK_SECONDS))} or less."
    return [Error(f"A message may take {seconds:g} s, its limit is {MESSAGE_SECONDS} s.", hint=hint, id="durable.E001")]


@register()
def secret_key_is_long(**_: Any) -> list[CheckMessage]:
    """Sessions and CSRF tokens are as strong as the key."""
    if len(settings.SECRET_KEY) >= 32:
        return []
    hint = "Leave DJANGO_SECRET_KEY unset to have one made, or set one of at least 50 random characters."
    return [Error("DJANGO_SECRET_KEY is too short.", hint=hint, id="durable.E002")]


@register(Tags.database)
def mysql_settings(*, databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """What a remote MySQL may have set otherwise."""
    if not databases or connection.vendor != "mysql":
        return []
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT @@character_set_database, @@innodb_flush_log_at_trx_commit")
            charset, flush = cursor.fetchone()
    except DatabaseError:
        return []  # migrate_once waits for the database and says so
    found: list[CheckMessage] = []
    if charset != "utf8mb4":
        hint = "Run: ALTER DATABASE ... CHARACTER SET utf8mb4."
        found.append(Error(f"The database's character set is {charset}.", hint=hint, id="durable.E003"))
    if int(flush) != 1:
        hint = "Set innodb_flush_log_at_trx_commit = 1, or accept that a power loss takes up to a second of tasks."
        found.append(Warning("MySQL's commits are not durable.", hint=hint, id="durable.W001"))
    return found
