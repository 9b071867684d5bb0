"""The Celery app, its worker's sign of life, its clockwork and its connections to the database.

It needs DJANGO_SETTINGS_MODULE and nothing else: `celery -A durable.celery.app worker`, or `manage.py worker`.
"""

from celery import Celery
from celery.signals import setup_logging, task_prerun
from django.db import close_old_connections

app = Celery("durable")
app.config_from_object("django.conf:settings", namespace="CELERY")
# Else Celery closes the database's connection around every task. It reads this name without a namespace.
app.conf.CELERY_DB_REUSE_MAX = 10_000
app.autodiscover_tasks()
steps = ("durable.celery.heartbeat:Heartbeat", "durable.celery.clock:Clock", "durable.overseer:Oversight")
app.steps["worker"].update(steps)


@setup_logging.connect
def keep_django_logging(**_: object) -> None:
    """Celery leaves logging to Django's settings, where this receiver exists."""


@task_prerun.connect
def look_after_connections(**_: object) -> None:
    """As before a request: a connection older than CONN_MAX_AGE is closed, any other one is tried before use."""
    close_old_connections()
