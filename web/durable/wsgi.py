"""The WSGI application that uWSGI serves; it needs DJANGO_SETTINGS_MODULE."""

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

application = get_wsgi_application()

from durable import tallies  # noqa: E402  # a model, which there is none of before
from durable.workers import process_name  # noqa: E402

# Django loads the URLs with the first request; a mistake in them should stop the start instead.
get_resolver().url_patterns  # noqa: B018
tallies.start(process_name())
