"""The engine's Celery app with this product's settings, for Celery's own commands: celery -A config ..."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from durable.celery.app import app

__all__ = ["app"]
