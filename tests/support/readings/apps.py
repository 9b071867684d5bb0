"""The app of the tests' own kinds."""

from django.apps import AppConfig


class ReadingsConfig(AppConfig):
    name = "support.readings"
    label = "readings"
    verbose_name = "Readings"
