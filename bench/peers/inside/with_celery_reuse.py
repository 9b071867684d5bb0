"""Celery, whose processes keep their connection to the database for a thousand tasks."""

from config.celery import app as abacus

from .with_celery import app, enqueue

__all__ = ["WORKER", "app", "enqueue"]

WORKER = ["celery", "-A", "peers.with_celery_reuse", "worker", "--concurrency", "2"]

# Both: Abacus's own app is in the process with its settings, and closes connections around tasks, too.
for each in (app, abacus):
    each.conf.update(CELERY_DB_REUSE_MAX=1000)
