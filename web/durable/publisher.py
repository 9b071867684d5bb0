"""From committed rows to messages: one daemon thread per process, so that no request waits for the broker."""

import atexit
import logging
import os
import threading
import time
from array import array
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from durable import messages
from durable.celery.broker import BATCHED, SINGLE
from durable.tallies import tallies
from durable.tasks import send

logger = logging.getLogger(__name__)

Send = Callable[..., None]
STRETCH = 5  # ids: beyond so many the window does not grow, and nobody waits longer for the publisher


@dataclass(frozen=True)
class Message:
    """What is sent next."""

    kind: str
    round: int
    ids: Sequence[int]
    request_ids: Sequence[str] = ()
    queue: str = SINGLE


class Publisher:
    """Gathers ids and sends them as few messages. What it cannot send, the sweep publishes later.

    An id that comes alone goes at once. Where several have come while the last message was sent, the next ones gather
    for a `window`, and the more they are, the longer: messages grow exactly when load is high, and one costs the
    workers about the same however many ids it names.
    What comes as a whole (a batch) is cut into messages and goes in turn with the single ones.
    """

    def __init__(
        self,
        send: Send,
        *,
        size: int = messages.MOST,
        window: float = 0.02,
        capacity: int = 100_000,
        pause: float = 1.0,
    ) -> None:
        """`size` is how many ids a message takes, `capacity` bounds the memory while the broker hangs.

        `window` and `pause` (which follows each failure) are in seconds.
        """
        self._send, self._size, self._window, self._pause = send, size, window, pause
        self._waiting: dict[str, deque[tuple[int, str]]] = {}  # (id, request) by kind, all of round 0
        # 8 bytes an id: ten times the capacity is still 8 MB
        self._bulk: deque[Message] = deque()
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
        self._singles = self._bulk_ids = self._sending = 0
        self._turn = False

    def put(self, kind: str, task_id: int, request_id: str = "") -> None:
        """Hand over the committed id of a new task; never blocks on the broker."""
        tallies.add("publisher", "handed over")
        with self._changed:
            if self._singles >= self._capacity:
                tallies.add("publisher", "dropped")
                return  # the broker hangs; the sweep will find the row
            self._singles += 1
            self._waiting.setdefault(kind, deque()).append((task_id, request_id))
            self._wake()

    def put_many(self, kind: str, round: int, ids: Sequence[int], request_id: str = "", queue: str = BATCHED) -> None:
        """Hand over the committed ids of many, all of one round; never blocks on the broker."""
        tallies.add("publisher", "handed over", len(ids))
        with self._changed:
            for chunk in messages.cut(ids, self._size):
                if self._bulk_ids >= self._bulk_capacity:
                    tallies.add("publisher", "dropped", len(chunk))
                    continue
                self._bulk_ids += len(chunk)
                self._bulk.append(Message(kind, round, array("q", chunk), (request_id,) if request_id else (), queue))
            self._wake()

    def _wake(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="publisher", daemon=True)
            self._thread.start()
        self._changed.notify_all()

    @property
    def waiting(self) -> int:
        """How many ids have been handed over and are not sent yet."""
        return self._singles + self._bulk_ids + self._sending

    def flush(self, timeout: float = 3.0) -> bool:
        """Wait until everything handed over is sent or given up; False after `timeout` seconds."""
        with self._changed:
            if self._thread is None:
                return True
            return self._changed.wait_for(lambda: not (self._waiting or self._bulk or self._sending), timeout)

    def _run(self) -> None:
        while True:
            message = self._take()
            try:
                self._send(message.kind, message.round, message.ids, message.request_ids, queue=message.queue)
                tallies.add("publisher", "sent", len(message.ids))
                rest = 0.0 if self._bulk else self._window * (min(len(message.ids), STRETCH) - 1)
            except Exception as error:  # the thread must outlive whatever the broker's client raises
                logger.warning("broker away, %d tasks are left to the sweep: %s", len(message.ids), error)
                tallies.add("publisher", "dropped", len(message.ids))
                rest = self._pause
            with self._changed:
                self._sending = 0
                self._changed.notify_all()
            time.sleep(rest)

    def _take(self) -> Message:
        """The next message: single tasks and parts of what came as a whole in turn."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._bulk)
            self._turn = not self._turn
            if self._bulk and (self._turn or not self._waiting):
                message = self._bulk.popleft()
                self._bulk_ids -= len(message.ids)
            else:
                message = self._gathered()
                self._singles -= len(message.ids)
            self._sending = len(message.ids)
            return message

    def _gathered(self) -> Message:
        """As many single tasks of one kind as a message takes; what is left of it waits behind the other kinds."""
        kind = next(iter(self._waiting))
        waiting, taken = self._waiting.pop(kind), list[tuple[int, str]]()
        first = waiting[0][0]
        while waiting and len(taken) < self._size and abs(waiting[0][0] - first) < messages.SPAN // 2:
            taken.append(waiting.popleft())
        if waiting:
            self._waiting[kind] = waiting
        return Message(kind, 0, [task_id for task_id, _ in taken], sorted({request for _, request in taken if request}))


publisher = Publisher(send)
tallies.tell("publisher waiting", lambda: publisher.waiting)
