"""Celery's clock."""

from django.conf import settings

from durable.management.celery import CeleryCommand


class Command(CeleryCommand):
    help = "Runs the clock that sends the periodic tasks, of which one is enough; takes the options of `celery beat`."
    celery = ("beat", "--pidfile=", "--loglevel", settings.LOG_LEVEL)
