"""The engine as a Django app."""

from django.apps import AppConfig


class DurableConfig(AppConfig):
    name = "durable"
    verbose_name = "Tasks"

    def ready(self) -> None:
        """Register the system checks, and the Celery app as the one that this process publishes with."""
        from durable import checks  # noqa: F401, PLC0415 (registers by being imported)
        from durable.celery import app  # noqa: F401, PLC0415 (the same)
