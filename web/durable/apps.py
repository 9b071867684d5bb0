"""The engine as a Django app."""

from django.apps import AppConfig
from django.conf import settings


class DurableConfig(AppConfig):
    name = "durable"
    verbose_name = "Tasks"

    def ready(self) -> None:
        """Register the system checks, and the Celery app as the one that this process publishes with."""
        from durable import checks  # noqa: F401, PLC0415 (registers by being imported)
        from durable.access import register  # noqa: PLC0415 (needs the apps)
        from durable.celery import app  # noqa: F401, PLC0415 (the same)
        from durable.limits import fit_broker  # noqa: PLC0415 (needs the kinds)

        register()
        if settings.BROKER.name == "Redis":
            fit_broker(settings.CELERY_BROKER_TRANSPORT_OPTIONS)
