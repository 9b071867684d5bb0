"""Celery made sound: a worker that comes back after outages, tells that it lives, and ends when it hears nothing."""
