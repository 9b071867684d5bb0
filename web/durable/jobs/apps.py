"""The jobs as a Django app."""

from django.apps import AppConfig


class JobsConfig(AppConfig):
    name = "durable.jobs"
    label = "durable_jobs"
    verbose_name = "Jobs"
