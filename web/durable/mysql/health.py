"""A kept connection is tried before use only after a pause: a restart of MySQL takes longer than that."""

import time

from django.db.backends.base.base import BaseDatabaseWrapper

PAUSE_SECONDS = 1.0
SILENT_SECONDS = 1.0  # a server that has gone says so in milliseconds


class TriedAfterPause(BaseDatabaseWrapper):
    """CONN_HEALTH_CHECKS costs a round trip per request, as much as a short query; this saves it on a busy server."""

    health_check_done: bool
    # All in time.monotonic().
    used_at = 0.0  # when a request or a task last used it well
    opened_at = 0.0
    silent_at = 0.0  # when a connection of this process, any thread's, was last found dead without a word

    def connect(self) -> None:
        """Anew."""
        super().connect()
        self.opened_at = time.monotonic()

    def close_if_unusable_or_obsolete(self) -> None:
        """Before and after each request: `health_check_done` tells that it was used in between."""
        used = self.health_check_done and not self.errors_occurred
        super().close_if_unusable_or_obsolete()
        if used:
            self.used_at = time.monotonic()

    def close_if_health_check_failed(self) -> None:
        """Before the first query of each request.

        One that is dead without a word (MySQL has another address since its network was cut) holds a ping for as long
        as a read may take. Those that the process opened before that are not worth a ping each: they are opened anew.
        """
        if self.connection is None or self.health_check_done:
            return
        if self.opened_at < TriedAfterPause.silent_at:
            self.close()
            return
        began = time.monotonic()
        if began - self.used_at < PAUSE_SECONDS:
            self.health_check_done = True
        super().close_if_health_check_failed()
        if self.connection is None and time.monotonic() - began > SILENT_SECONDS:
            TriedAfterPause.silent_at = time.monotonic()
