"""Wiring: settings, URLs, Celery and health. No domain in here."""

from config.celery import app as celery_app

__all__ = ["celery_app"]
