"""The Celery app, its sign of life and beat's."""

import os

from celery import Celery
from celery.signals import setup_logging

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("abacus")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.steps["worker"].add("config.heartbeat:Heartbeat")


@setup_logging.connect
def keep_django_logging(**_: object) -> None:
    """Celery leaves logging to Django's settings, where this receiver exists."""
