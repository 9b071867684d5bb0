"""Celery's result backend: django-celery-results, made to survive a database that is away."""

import logging
import time
from typing import Any

from celery.exceptions import BackendStoreError
from django.db import InterfaceError, OperationalError, connections
from django_celery_results.backends.database import DatabaseBackend as DjangoDatabaseBackend

logger = logging.getLogger(__name__)
REST = 30.0  # seconds without a try after one that was in vain, for which the worker's loop may have stood for twelve


class DatabaseBackend(DjangoDatabaseBackend):  # type: ignore[misc]
    """Stores results through Django's ORM and retries on a new connection.

    The parent retries InterfaceError alone; mysqlclient raises OperationalError for a
    lost connection, and without a retry Celery acknowledges the message all the same.
    """

    rest_until = 0.0

    def exception_safe_to_retry(self, exc: Exception) -> bool:
        """Whether the failed write may be tried again; the broken connection is closed."""
        if not isinstance(exc, OperationalError | InterfaceError):
            return False
        connections.close_all()
        return True

    def store_result(self, task_id: str, result: Any, state: str, *args: Any, **kwargs: Any) -> Any:
        """Store it, or leave it out while the database is away: the row tells what became of a task, this is to read.

        Where the main process stores it (a killed process), an error would end the worker.
        """
        if time.monotonic() < self.rest_until:
            return result
        try:
            return super().store_result(task_id, result, state, *args, **kwargs)
        except BackendStoreError as error:
            logger.warning("results: database away, %s is left out (%s)", task_id, error.__cause__)
            self.rest_until = time.monotonic() + REST
            return result
