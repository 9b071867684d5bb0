"""System checks for what single settings cannot say."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import Error as DatabaseError
from django.db import connection

from durable import kinds, limits

MESSAGE_SECONDS = settings.CELERY_TASK_SOFT_TIME_LIMIT
CONSUMER_SECONDS = 1800  # RabbitMQ's own consumer_timeout
AIR = 5  # seconds in which an interrupted worker gives back what it has


@register()
def message_fits_time_limit(**_: Any) -> list[CheckMessage]:
    """A message's tasks run one after another under one time limit."""
    seconds = settings.TASK_SECONDS * settings.TASKS_PER_MESSAGE
    if seconds < MESSAGE_SECONDS:
        return []
    hint = f"Set TASKS_PER_MESSAGE to {max(1, int(10 // settings.TASK_SECONDS))} or less."
    return [Error(f"A message may take {seconds:g} s, its limit is {MESSAGE_SECONDS} s.", hint=hint, id="durable.E001")]


@register()
def limits_fit_the_broker(**_: Any) -> list[CheckMessage]:
    """A broker hands out a message again, or gives its worker up, if that is not acknowledged for too long."""
    options, most = settings.CELERY_BROKER_TRANSPORT_OPTIONS, limits.longest()
    if settings.BROKER.name == "RabbitMQ":
        given: float | None = CONSUMER_SECONDS
        hint = "Give the kind a smaller time_limit, or run it on Redis."
    else:
        given, hint = options.get("visibility_timeout"), "Leave visibility_timeout out: it follows from the kinds."
    if given is None or most < given:
        return []
    text = f"A message may take {most:g} s, but {settings.BROKER.name} waits {given:g} s for its end."
    return [Error(text, hint=hint, id="durable.E004")]


@register()
def limits_fit_a_stop(**_: Any) -> list[CheckMessage]:
    """What a stopped worker cannot finish is given back uncounted, and begins anew elsewhere."""
    slow = [kind for kind in kinds.every() if kind.time_limit is not None and kind.time_limit > settings.STOP_SECONDS]
    hint = "Set STOP_SECONDS above the limit, or accept that a stop makes longer tasks begin anew."
    found: list[CheckMessage] = [
        Warning(
            f"A {kind.name} may take {kind.time_limit:g} s, a worker that is stopped has {settings.STOP_SECONDS:g} s.",
            hint=hint,
            id="durable.W002",
        )
        for kind in slow
    ]
    if not settings.EMBEDDED and settings.STOP_SECONDS + AIR > settings.STOP_GRACE_SECONDS:
        hint = f"Set STOP_GRACE_SECONDS to {settings.STOP_SECONDS + AIR:g} or more, which the container has to get."
        text = f"A worker has {settings.STOP_SECONDS:g} s to stop, and is killed after {settings.STOP_GRACE_SECONDS} s."
        found.append(Warning(text, hint=hint, id="durable.W003"))
    return found


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
