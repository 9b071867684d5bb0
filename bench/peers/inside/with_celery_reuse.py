"""Celery, whose processes keep their connection to the database for a thousand tasks."""

from .with_celery import app, enqueue

__all__ = ["WORKER", "app", "enqueue"]

WORKER = ["celery", "-A", "peers.with_celery_reuse", "worker", "--concurrency", "2"]

app.conf.update(CELERY_DB_REUSE_MAX=1000)
