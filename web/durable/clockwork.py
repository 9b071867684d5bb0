"""The clockwork: what has to be done again and again, by one process for all. Each worker has one, as its child."""

import logging
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import Error, connections

from durable import leases
from durable.due import publish_due
from durable.purge import purge
from durable.sweep import sweep
from durable.tallies import SECONDS, tallies
from durable.workers import process_name

logger = logging.getLogger(__name__)
NAME = leases.CLOCKWORK
TICK_SECONDS = 0.25
TAKE_SECONDS = 1.0  # between two statements about the lease
TELL_SECONDS = 30.0  # between two lines that the database is away


@dataclass(frozen=True)
class Entry:
    """What is done, and how often. It is safe twice at once, and gives way to the others within a second or so."""

    seconds: float
    do: Callable[[], object]


ENTRIES = {
    "due": Entry(1, publish_due),
    "sweep": Entry(2, sweep),
    "purge": Entry(60, purge),
    "tallies": Entry(SECONDS, lambda: tallies.flush(process_name())),
}


class Clockwork:
    """Does what is due while it has the lease, and tries to get it otherwise.

    A turn that takes longer than the lease loses it to another worker, on purpose: one that hangs must not keep the
    others from working. Nobody is harmed: what a sweep brings back and publishes is conditional on the row, of two
    that try one has the row, and what a purge deletes is gone for the other.
    """

    def __init__(
        self, parent: int, entries: dict[str, Entry] = ENTRIES, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.parent, self.entries, self.clock = parent, entries, clock
        self.sign: Path = settings.RUN_DIR / NAME  # touched while the database answers: its worker looks at it
        self.holder = process_name()
        self.made = self.held = self.stopping = False
        self.asked_at = self.told_at = float("-inf")
        self.due = dict.fromkeys(entries, float("-inf"))

    def run(self) -> None:
        """Turn until told to stop, or until the parent has ended, in whatever way."""
        # Not a pipe that its end would close: pool processes are forked from the worker, and would hold it open.
        while not self.stopping and os.getppid() == self.parent:
            try:
                self.turn()
            except Error as error:
                self.put_off(error)
            time.sleep(TICK_SECONDS)
        self.leave()

    def stop_soon(self, *_: object) -> None:
        """Signal handler."""
        self.stopping = True

    def turn(self) -> None:
        """Do what is due, if that is this process's to do."""
        for name, entry in self.entries.items():
            if self.has_it() and self.due[name] <= self.clock():
                self.due[name] = self.clock() + entry.seconds
                self.do(name, entry)

    def has_it(self) -> bool:
        """Whether this process has the lease, which is asked, and renewed, once a second at most."""
        if self.clock() - self.asked_at < TAKE_SECONDS:
            return self.held
        self.asked_at, before, self.held = self.clock(), self.held, False
        if not self.made:
            leases.make(NAME)
            self.made = True
        self.held = leases.take(NAME, self.holder)
        self.told_at = float("-inf")
        self.sign.touch()
        if self.held != before:
            logger.info("clockwork: %s", "runs here" if self.held else "runs elsewhere")
        return self.held

    def do(self, name: str, entry: Entry) -> None:
        """One entry; its bug is told, and keeps none of the others from its turn."""
        try:
            entry.do()
        except Error:
            raise
        except Exception:
            logger.exception("clockwork: %s failed", name)

    def put_off(self, error: Error) -> None:
        """Wait for the database, with a line now and then."""
        if self.clock() - self.told_at >= TELL_SECONDS:
            logger.warning("clockwork: database away, waiting: %s", error)
            self.told_at = self.clock()
        self.made = False  # which may come back as another one
        connections.close_all()

    def leave(self) -> None:
        """Give the lease back, so that nobody waits for its end."""
        try:
            leases.give_back(NAME, self.holder)
            tallies.flush(self.holder)
        except Error as error:
            logger.warning("clockwork: could not give the lease back, it ends by itself: %s", error)
