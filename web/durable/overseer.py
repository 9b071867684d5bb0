"""Who looks after what its worker's processes are at work on: what was cancelled or takes too long is interrupted."""

import logging
import os
import threading
import time
from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from celery import bootsteps
from celery.signals import worker_shutdown
from celery.worker import WorkController
from django.db import Error, connection

from durable.board import CANCEL, OVER, Board, Slot, Work, put_up
from durable.claimed import Claim
from durable.desk import SIGNAL
from durable.states import Status
from durable.workers import NODE

logger = logging.getLogger(__name__)
LOOK_SECONDS = 0.5
# Whoever asks as often as this (durable.progress) hears it then, and is not interrupted somewhere else.
ASKS_WITHIN = 1.2
Seen = tuple[Slot, Work]


class Overseer:
    """Looks at the board. What ends within two looks is never seen, and costs nothing."""

    def __init__(self, board: Board) -> None:
        self.board = board
        self.noted: set[Work] = set()
        self.told: set[tuple[Work, int]] = set()

    def look(self) -> None:
        """One look: the limits first, since they need no database."""
        steady, now = self.board.steady(), time.monotonic()
        late = [(slot, work) for slot, work in steady if now > work.until]
        for slot, work in late:
            if work.kind.time_limit is not None:  # else Celery does so at the same moment
                self.interrupt(slot, work, OVER)
        works = {work for _, work in steady}
        self.noted &= works
        self.told = {pair for pair in self.told if pair[0] in works}
        if steady:
            self.ask(steady, [work for _, work in late if work not in self.noted], now)

    def ask(self, steady: list[Seen], late: Iterable[Work], now: float) -> None:
        """Tell the database what is late, and hear from it what was cancelled."""
        try:
            for work in late:
                note_late(work)
                self.noted.add(work)
            for slot, work in unwanted(steady):
                if now - slot.asked > ASKS_WITHIN:
                    self.interrupt(slot, work, CANCEL)
        except Error as error:
            logger.warning("overseer: database away: %s", error)
        finally:
            connection.close()  # a fork in between must not share it

    def interrupt(self, slot: Slot, work: Work, what: int) -> None:
        """Have the process interrupt this task; where it has ended meanwhile, or was interrupted, nothing happens."""
        if (work, what) not in self.told:
            self.told.add((work, what))
            why = "was cancelled" if what == CANCEL else f"takes longer than {work.kind.time_limit:g} s"
            logger.warning("interrupting process %s: %s %s %s", work.pid, work.kind.name, work.id, why)
        slot.put_wish(work.seq, work.id, what)
        with suppress(ProcessLookupError):
            os.kill(work.pid, SIGNAL)


def note_late(work: Work) -> None:
    """On the claim: if the process is killed for it, the sweep knows why, and which task it was."""
    mine = Claim.objects.filter(worker=f"{NODE}/{work.pid}", seq=work.seq, ids__isnull=False)
    mine.update(late_task=work.id)


def unwanted(steady: Iterable[Seen]) -> list[Seen]:
    """What is not open in its round any more: cancelled, deleted, or taken from a process that was given up."""
    by_kind: dict[int, list[Seen]] = defaultdict(list)
    for seen in steady:
        by_kind[seen[1].kind_place].append(seen)
    found = []
    for group in by_kind.values():
        model = group[0][1].kind.model
        rows = model.objects.filter(pk__in=[work.id for _, work in group], status=Status.CREATED)
        wanted = set(rows.values_list("id", "round"))
        found += [seen for seen in group if (seen[1].id, seen[1].round) not in wanted]
    return found


class Oversight(bootsteps.StartStopStep):
    """The overseer's thread in a worker. Its board is made before the pool's processes, which inherit it."""

    requires = ("celery.worker.components:Pool",)

    def __init__(self, worker: WorkController, **kwargs: Any) -> None:
        super().__init__(worker, **kwargs)
        self.overseer, self.stopped = Overseer(put_up()), threading.Event()

    def start(self, worker: WorkController) -> None:
        """Start the thread. It goes on while a warm shutdown waits for the pool's last tasks."""
        self.thread = threading.Thread(target=self.run, name="overseer", daemon=True)
        self.thread.start()
        worker_shutdown.connect(self.leave)

    def leave(self, **_: object) -> None:
        """The pool has ended."""
        self.stopped.set()
        self.thread.join(timeout=5)

    def run(self) -> None:
        """Look until stopped."""
        while not self.stopped.wait(LOOK_SECONDS):
            self.overseer.look()
