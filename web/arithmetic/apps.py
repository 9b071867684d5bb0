"""The Django app: what an adopter replaces."""

from django.apps import AppConfig


class ArithmeticConfig(AppConfig):
    name = "arithmetic"
    verbose_name = "Arithmetic"
