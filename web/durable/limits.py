"""How long things may take. All of it follows from the kinds' own time limits, here and nowhere else."""

from collections.abc import MutableMapping
from typing import Any

from django.conf import settings

from durable import kinds
from durable.kinds import Kind

BEGIN_WITHIN = 10.0  # seconds: what a message has not begun by then is another's
CLEAN_UP = 5.0  # from the interrupt of what took too long to the kill
REDELIVERED_AFTER = 90.0  # from the kill to where Redis would hand the message out again
VISIBILITY = 120.0  # at least: what Redis hands out and nobody acknowledges comes back after so long


def of_task(kind: Kind) -> float:
    """What one task may take: the kind's own limit, else all that a message may."""
    return settings.CELERY_TASK_SOFT_TIME_LIMIT if kind.time_limit is None else kind.time_limit


def told(kind: Kind) -> float | int:
    """The same as people read it."""
    limit = of_task(kind)
    return int(limit) if limit == int(limit) else limit


def soft(kind: Kind) -> float:
    """After so long a message is interrupted.

    Its first task may take all of its own limit, and so may one that is begun last; what else takes time is the wait
    for a database that is away.
    """
    return settings.CELERY_TASK_SOFT_TIME_LIMIT if kind.time_limit is None else BEGIN_WITHIN + kind.time_limit


def hard(kind: Kind) -> float:
    """After so long the process that works on a message is killed."""
    return settings.CELERY_TASK_TIME_LIMIT if kind.time_limit is None else soft(kind) + CLEAN_UP


def longest() -> float:
    """What the message of any kind may take."""
    return max([settings.CELERY_TASK_TIME_LIMIT, *map(hard, kinds.every())])


def options(kind: Kind) -> dict[str, Any]:
    """What Celery is told with each message; a kind without a limit of its own has that of the settings."""
    return {} if kind.time_limit is None else {"soft_time_limit": soft(kind), "time_limit": hard(kind)}


def per_message(kind: Kind) -> int:
    """The most tasks in one message: what may take long goes alone, so that nobody waits behind it."""
    if kind.per_message is not None:
        return min(settings.TASKS_PER_MESSAGE, kind.per_message)
    return 1 if kind.time_limit is not None and kind.time_limit > BEGIN_WITHIN else settings.TASKS_PER_MESSAGE


def fit_broker(transport: MutableMapping[str, Any]) -> None:
    """Have Redis leave messages to those that work on them, unless the project says how long itself."""
    transport.setdefault("visibility_timeout", max(VISIBILITY, longest() + REDELIVERED_AFTER))
