"""From committed rows to messages: one daemon thread per process, so that no request waits for the broker."""

import atexit
import logging
import os
import threading
import time
from array import array
from collections import deque
from collections.abc import Callable, Sequence

from django.conf import settings

from arithmetic.models import BATCHED
from arithmetic.tasks import send

logger = logging.getLogger(__name__)

Send = Callable[..., None]
STRETCH = 5  # ids: beyond so many the window does not grow, and nobody waits longer for the publisher


class Publisher:
    """Gathers ids and sends them as few messages. What it cannot send, the sweep publishes later.

    An id that comes alone goes at once. Where several have come while the last message was sent, the next ones gather
    for a `window`, and the more they are, the longer: messages grow exactly when load is high, and one costs the
    workers about the same however many ids it names.
    What comes as a whole (a batch) is cut into messages and goes in turn with the single ones.
    """

    def __init__(self, send: Send, *, size: int, window: float = 0.02, capacity: int = 100_000, pause: float = 1.0):
        """`capacity` bounds the memory while the broker hangs; `pause` follows each failure, in seconds."""
        self._send, self._size, self._window, self._pause = send, size, window, pause
        self._waiting: deque[tuple[int, str]] = deque()
        # 8 bytes an id: ten times the capacity is still 8 MB
        self._bulk: deque[tuple[array[int], str, str]] = deque()
        self._capacity, self._bulk_capacity = capacity, 10 * capacity
        self._reset()
        # The thread and the lock's state do not survive a fork; what waited is the parent's to send.
        os.register_at_fork(after_in_child=self._reset)
        atexit.register(self.flush)

    def _reset(self) -> None:
        self._waiting.clear()
        self._bulk.clear()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._sending = 0
        self._turn = False

    def put(self, task_id: int, request_id: str = "") -> None:
        """Hand over a committed id; never blocks on the broker."""
        with self._changed:
            if len(self._waiting) >= self._capacity:
                return  # the broker hangs; the sweep will find the row
            self._waiting.append((task_id, request_id))
            self._wake()

    def put_many(self, ids: Sequence[int], request_id: str = "", queue: str = BATCHED) -> None:
        """Hand over the committed ids of many; never blocks on the broker."""
        with self._changed:
            for start in range(0, len(ids), self._size):
                if len(self._bulk) * self._size >= self._bulk_capacity:
                    return
                self._bulk.append((array("q", ids[start : start + self._size]), request_id, queue))
            self._wake()

    def _wake(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="publisher", daemon=True)
            self._thread.start()
        self._changed.notify_all()

    def flush(self, timeout: float = 3.0) -> bool:
        """Wait until everything handed over is sent or given up; False after `timeout` seconds."""
        with self._changed:
            if self._thread is None:
                return True
            return self._changed.wait_for(lambda: not (self._waiting or self._bulk or self._sending), timeout)

    def _run(self) -> None:
        while True:
            ids, request_ids, queue = self._take()
            try:
                self._send(ids, request_ids, **queue)
                rest = 0.0 if self._bulk else self._window * (min(len(ids), STRETCH) - 1)
            except Exception as error:  # the thread must outlive whatever the broker's client raises
                logger.warning("broker away, %d tasks are left to the sweep: %s", len(ids), error)
                rest = self._pause
            with self._changed:
                self._sending = 0
                self._changed.notify_all()
            time.sleep(rest)

    def _take(self) -> tuple[list[int], list[str], dict[str, str]]:
        """The next message: its ids, its requests, and its queue where that is not the default."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._bulk)
            self._turn = not self._turn
            if self._bulk and (self._turn or not self._waiting):
                chunk, request_id, queue = self._bulk.popleft()
                self._sending = len(chunk)
                return list(chunk), [request_id] if request_id else [], {"queue": queue}
            self._sending = min(self._size, len(self._waiting))
            batch = [self._waiting.popleft() for _ in range(self._sending)]
            return [task_id for task_id, _ in batch], sorted({r for _, r in batch if r}), {}


publisher = Publisher(send, size=settings.TASKS_PER_MESSAGE)
