"""What several threads have to store at the same time is stored at once, by one of them for all: a group commit.

Nobody waits for company: who comes first goes at once, alone. Who comes meanwhile goes together next.
"""

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from django.db import OperationalError

MOST = 50  # in one statement; more than a process has threads
SILENT_SECONDS = 1.0  # a database that has gone says so in milliseconds


class Seat:
    """One who waits, and what became of it."""

    def __init__(self, row: Sequence[Any]) -> None:
        self.row = row
        self.turn = threading.Lock()
        self.turn.acquire()  # given back when its turn has come: to store for all, or to go on
        self.leads = False
        self.stored: Any = None
        self.error: Exception | None = OperationalError("The thread that was to store this has ended.")


class Group:
    """`store` takes rows and gives what each has become; it stores all of them, or raises and stores none."""

    def __init__(
        self, store: Callable[[list[Sequence[Any]]], list[Any]], is_a_rows_own: Callable[[Exception], bool]
    ) -> None:
        """After an error that is a row's own, which it must not spoil for the others, each is tried by itself."""
        self.store, self.is_a_rows_own = store, is_a_rows_own
        self.lock = threading.Lock()
        self.waiting: list[Seat] = []
        self.led = False

    def put(self, row: Sequence[Any]) -> Any:
        """What `store` gives for it, or the error that it raises."""
        seat = Seat(row)
        with self.lock:
            self.waiting.append(seat)
            seat.leads, self.led = not self.led, True
        if not seat.leads:
            seat.turn.acquire()
        if seat.leads:
            self._lead()
        if seat.error is None:
            return seat.stored
        # Each has an exception of its own: several threads would write into one traceback.
        raise type(seat.error)(*seat.error.args) from seat.error

    def _lead(self) -> None:
        with self.lock:
            seats, self.waiting = self.waiting[:MOST], self.waiting[MOST:]
        began, error = time.monotonic(), None
        try:
            error = self._settle(seats)
        finally:
            with self.lock:
                if error and time.monotonic() - began > SILENT_SECONDS:
                    for seat in self.waiting:  # nobody answers: it would wait as long once more
                        seat.error = error
                    seats, self.waiting = seats + self.waiting, []
                self.led = bool(self.waiting)
                if self.led:
                    self.waiting[0].leads = True
                    seats = [*seats, self.waiting[0]]
            for seat in seats[1:]:
                seat.turn.release()

    def _settle(self, seats: list[Seat]) -> Exception | None:
        """Store them; an error that is no row's own is told, too."""
        try:
            for seat, stored in zip(seats, self.store([seat.row for seat in seats]), strict=True):
                seat.stored, seat.error = stored, None
        except Exception as error:
            rows_own = self.is_a_rows_own(error)
            if rows_own and len(seats) > 1:
                return next(filter(None, [self._settle([seat]) for seat in seats]), None)
            for seat in seats:
                seat.error = error
            return None if rows_own else error
        return None
