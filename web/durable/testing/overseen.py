"""An overseer over the tests' own process, which plays a pool process: real signals, sent by a thread."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from unittest import mock

from durable import board, desk
from durable.overseer import Overseer

LOOK_SECONDS = 0.05


@contextmanager
def process_of_a_pool() -> Iterator[board.Board]:
    """This process has a slot on a board, and listens, until the block's end."""
    before = signal.getsignal(desk.SIGNAL)
    place = mock.patch.object(board, "current_process", lambda: SimpleNamespace(index=1))
    fresh = mock.patch.multiple(board, board=None, _mine=(0, board.Slot(bytearray(board.SIZE))))
    with place, fresh, mock.patch.object(desk, "_listening", 0):
        yield board.put_up(2)
    signal.signal(desk.SIGNAL, before)


@contextmanager
def overseen() -> Iterator[Overseer]:
    """The same, and an overseer looks at it."""
    with process_of_a_pool() as made:
        overseer, stopped = Overseer(made), threading.Event()

        def look() -> None:
            while not stopped.wait(LOOK_SECONDS):
                overseer.look()

        thread = threading.Thread(target=look)
        thread.start()
        try:
            yield overseer
        finally:
            stopped.set()
            thread.join(10)


def wish(made: board.Board, seq: int, identity: int, what: int) -> None:
    """Send this process a wish."""
    made.slots[1].put_wish(seq, identity, what)
    os.kill(os.getpid(), desk.SIGNAL)
