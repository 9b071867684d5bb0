"""A kept connection is tried before use only after a pause: a restart of MySQL takes longer than that."""

import time

from django.db import OperationalError
from django.db.backends.base.base import BaseDatabaseWrapper

PAUSE_SECONDS = 1.0
FROZEN_SECONDS = 1.0  # a server that has gone says so in milliseconds


class TriedAfterPause(BaseDatabaseWrapper):
    """CONN_HEALTH_CHECKS costs a round trip per request, as much as a short query; this saves it on a busy server."""

    used_at = 0.0  # when a request or a task last used it well, in time.monotonic()

    def close_if_unusable_or_obsolete(self) -> None:
        """Before and after each request: `health_check_done` tells that it was used in between."""
        used = self.health_check_done and not self.errors_occurred
        super().close_if_unusable_or_obsolete()
        if used:
            self.used_at = time.monotonic()

    def close_if_health_check_failed(self) -> None:
        """Before the first query of each request; OperationalError where the server does not answer at all.

        A new connection to it would not be answered either, and would double the time that a request is held.
        """
        began = time.monotonic()
        if began - self.used_at < PAUSE_SECONDS:
            self.health_check_done = True
        connected = self.connection is not None
        super().close_if_health_check_failed()
        if connected and self.connection is None and time.monotonic() - began > FROZEN_SECONDS:
            raise OperationalError("The server did not answer a ping in time.")
