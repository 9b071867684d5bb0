"""Celery's result backend: django-celery-results, made to survive a database that is away."""

from django.db import InterfaceError, OperationalError, connections
from django_celery_results.backends.database import DatabaseBackend as DjangoDatabaseBackend


class DatabaseBackend(DjangoDatabaseBackend):  # type: ignore[misc]
    """Stores results through Django's ORM and retries on a new connection.

    The parent retries InterfaceError alone; mysqlclient raises OperationalError for a
    lost connection, and without a retry Celery acknowledges the message all the same.
    """

    def exception_safe_to_retry(self, exc: Exception) -> bool:
        """Whether the failed write may be tried again; the broken connection is closed."""
        if not isinstance(exc, OperationalError | InterfaceError):
            return False
        connections.close_all()
        return True
