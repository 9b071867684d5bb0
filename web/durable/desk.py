"""The task that a pool process is at work on, and how it is interrupted: never another one than was meant."""

import os
import signal
import threading
from typing import Any

from celery.exceptions import SoftTimeLimitExceeded

from durable import board, kinds
from durable.board import CANCEL, OVER
from durable.errors import Cancelled
from durable.kinds import Kind

# Celery's soft limit, and the end of a stop's grace, have SIGUSR1, which names nothing.
SIGNAL = signal.SIGUSR2


class Desk:
    """A message's place in its process: at most one of its tasks lies there.

    The main process writes the claim's number and the task's id into shared memory and sends a signal. The handler runs
    in the very thread that works, and compares: what has ended meanwhile, and what came after it, is left in peace.
    """

    def __init__(self, kind: Kind, seq: int, round: int) -> None:
        self.seq, self.round, self.pid = seq, round, os.getpid()
        self.slot, self.place = board.mine(), kinds.every().index(kind)
        self.task: int | None = None
        self.wished = 0  # of the task that is or was here: CANCEL, OVER, or nothing

    def begin(self, identity: int, until: float) -> None:
        """A task comes here. It may be interrupted as soon as this is done."""
        self.wished = 0
        self.slot.put((self.pid, self.seq, self.place, identity, self.round, until))
        self.task = identity

    def end(self) -> None:
        """It has gone, and cannot be interrupted any more."""
        self.task = None
        self.slot.clear()

    def cancelled(self) -> None:
        """It has found out by itself that nobody wants its outcome any more."""
        self.wished = CANCEL
        raise Cancelled

    def signalled(self) -> None:
        """Interrupt the task if it is the one that was meant; once, so that it can clean up."""
        seq, identity, what = self.slot.wish
        if self.task is None or (seq, identity) != (self.seq, self.task):
            return
        self.end()
        if what == CANCEL:
            self.cancelled()
        self.wished = OVER
        raise SoftTimeLimitExceeded


_current: Desk | None = None
_listening = 0  # the process that listens


def current(desk: Desk) -> Desk:
    """From here on signals are for this one."""
    global _current, _listening
    _current = desk
    if _listening != os.getpid() and board.board and threading.current_thread() is threading.main_thread():
        signal.signal(SIGNAL, _signalled)
        _listening = os.getpid()
    return desk


def _signalled(*_: Any) -> None:
    if _current is not None:
        _current.signalled()
