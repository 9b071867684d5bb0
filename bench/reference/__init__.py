"""A minimal Django and Celery project as the documentation of both shows it: what the product is compared with."""

from bench.reference.celery import app

__all__ = ["app"]
