"""A Celery worker."""

from django.conf import settings

from durable.management.celery import CeleryCommand


class Command(CeleryCommand):
    help = "Runs a worker (CELERY_CONCURRENCY tasks at once); takes the options of `celery worker`."
    # Gossip, mingle and event heartbeats make workers talk to each other, which nothing here needs and which costs.
    celery = ("worker", "--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", settings.LOG_LEVEL)
