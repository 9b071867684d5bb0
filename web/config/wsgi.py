"""The WSGI application with this product's settings, for servers other than `manage.py web`."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from durable.wsgi import application

__all__ = ["application"]
