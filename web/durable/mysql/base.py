"""Where Django looks for a database backend."""

from django.db.backends.mysql import base

from durable.mysql.health import TriedAfterPause


class DatabaseWrapper(TriedAfterPause, base.DatabaseWrapper):
    """Django's own, with fewer pings."""
