"""Steps that wait for a database that is away."""

import itertools
import logging
import time
from collections.abc import Callable
from typing import TypeVar

from django.db import InterfaceError, OperationalError, connections

logger = logging.getLogger(__name__)
T = TypeVar("T")
DATABASE_AWAY = (OperationalError, InterfaceError)


def patiently(step: Callable[[], T]) -> T:
    """Do a database step; while the database is away, wait and try again (Celery's time limits end it).

    Each step may be repeated: it is conditional on what it changes. A deadlock is a reason to repeat, too.
    """
    for tries in itertools.count():
        try:
            return step()
        except DATABASE_AWAY as error:
            if tries % 10 == 0:
                logger.warning("database away, waiting: %s", error)
            connections.close_all()
            time.sleep(min(2.0, 0.05 * 2**tries) if tries < 6 else 2.0)
    raise AssertionError("unreachable")
