"""Celery, whose processes keep their connection to the database for a thousand tasks."""

from .with_celery import app, enqueue

__all__ = ["WORKER", "app", "enqueue"]

WORKER = ["celery", "-A", "peers.with_celery_reuse", "worker", "--concurrency", "2"]

# Celery looks for exactly this name; in Django's settings, under a namespace, it would not arrive.
app.conf.update(CELERY_DB_REUSE_MAX=1000)
