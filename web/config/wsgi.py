"""The WSGI application that uWSGI serves."""

import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
application = get_wsgi_application()
# Django loads the URLs with the first request; a mistake in them should stop the start instead.
get_resolver().url_patterns  # noqa: B018
