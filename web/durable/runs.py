"""One message's work in a pool process: claim it, perform its tasks one after another, write what came of each."""

import time
import traceback
from collections.abc import Sequence
from functools import partial
from typing import Any

from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.db import DatabaseError, connections
from django.utils.translation import gettext_noop

from durable import claims, desk, limits, logs, words
from durable.board import CANCEL, OVER
from durable.errors import Again, Cancelled, Failed
from durable.kinds import Kind
from durable.outcomes import Outcomes, write
from durable.patience import DATABASE_AWAY, patiently
from durable.pauses import gate
from durable.progress import Reporter
from durable.spent import spent
from durable.taking import take
from durable.words import Sentence, say

WRITE_EVERY = 1.0  # seconds: a slow message's outcomes are seen while it goes on
TOO_LONG = gettext_noop("It took longer than {n} s and was stopped.")


class Run:
    """A message's run. What is `again` or `unbegun` was given back: whoever called publishes it."""

    def __init__(self, kind: Kind, round: int, ids: Sequence[int], message: str = "", queue: str = "") -> None:
        self.kind, self.round, self.ids, self.message, self.queue = kind, round, ids, message, queue
        self.started = self.written = time.monotonic()
        self.rows: list[Any] = []
        self.outcomes = Outcomes()
        self.begun = self.claimed = self.failed = 0
        self.within: float | None = None  # since when `perform` runs
        self.bugs: dict[str, Exception] = {}
        self.again: list[int] = []
        self.unbegun: list[int] = []
        self.portion = 0  # how much of what is unbegun is to be taken at once; 0: as much as the kind allows

    def go(self) -> None:
        """All of it. What interrupts it (a limit, a stop) is raised again, once all is written or given back."""
        if patiently(lambda: gate.closed(self.kind)):
            return  # unclaimed: resuming publishes its rows again
        process = claims.this_process()
        self.held = claims.Held(process.name, patiently(process.next), self.kind, self.round, self.message, self.queue)
        self.desk = desk.current(desk.Desk(self.kind, self.held.seq, self.round))
        self.reporter, self.told = Reporter(self.held, self.desk), logs.told()
        try:
            rows = patiently(lambda: spent.on("claim", lambda: take(process, self.held, self.ids)))
            if rows is None:
                return
            self.rows, self.claimed = rows, len(rows)
            self.outcomes.waits = {row.id: row.waited for row in self.rows}
            self.perform()
            self.finish()
        except BaseException as error:
            self.interrupted(error)
            raise

    def perform(self) -> None:
        """Each row in turn, until it is another worker's turn."""
        while self.begun < len(self.rows) and time.monotonic() - self.started <= limits.BEGIN_WITHIN:
            if time.monotonic() - self.written > WRITE_EVERY and self.outcomes:
                self.write(last=False)
                self.forget_cancelled()
            else:
                self.one(self.rows[self.begun])

    def forget_cancelled(self) -> None:
        """Of what is left, what was cancelled meanwhile is not begun."""
        left = self.rows[self.begun :]
        ids = patiently(lambda: claims.open_ids(self.kind, self.round, [row.id for row in left]))
        self.rows[self.begun :] = [row for row in left if row.id in ids]

    def one(self, row: Any) -> None:
        """What comes of one row."""
        self.begun += 1
        self.within = began = time.monotonic()
        row.listener, self.told["task"] = self.reporter, row
        try:
            outputs = self.outputs(row, began)
        except (SoftTimeLimitExceeded, Cancelled) as error:
            self.stopped(row, error)
        except Failed as error:
            self.fail(row, words.of(error))
        except Again as error:
            self.later(row, words.of(error), error.after)
        except Exception as error:
            self.bug(row, error)
        else:
            self.outcomes.succeeded(row.id, time.monotonic() - began, outputs)
        if self.desk.wished:
            connections.close_all()  # it may have been in the middle of a statement
        self.within = None
        del self.told["task"]

    def outputs(self, row: Any, began: float) -> tuple[Any, ...]:
        """What `perform` gives; while it runs, it can be interrupted."""
        limit = self.kind.time_limit
        try:
            self.desk.begin(row.id, self.started + limits.soft(self.kind) if limit is None else began + limit)
            if settings.TASK_SECONDS:
                time.sleep(settings.TASK_SECONDS)
            return self.kind.returned(self.kind.perform(row))
        finally:
            self.desk.end()

    def stopped(self, row: Any, error: BaseException) -> None:
        """It was interrupted. Where that was meant for the whole message, by Celery, it is raised again."""
        if isinstance(error, Cancelled):
            if self.desk.wished != CANCEL:  # else there is nothing to write: its row has ended
                self.bug(row, RuntimeError("perform raised Cancelled, and nobody had cancelled the task"))
        elif self.desk.wished == OVER:
            self.too_long(row)
        else:
            raise error

    def too_long(self, row: Any) -> None:
        """It was interrupted since its time was over."""
        self.later(row, say(TOO_LONG, n=limits.told(self.kind)))

    def fail(self, row: Any, sentence: Sentence, after: float | None = None) -> None:
        """It has no outcome: for good, or until another try in so many seconds."""
        self.failed += after is None
        self.outcomes.failed(row.id, time.monotonic() - (self.within or self.started), sentence, after)

    def later(self, row: Any, sentence: Sentence, after: float | None = None) -> None:
        """Another try may help, in so many seconds or as the kind's backoff has it; the last one was the last."""
        attempts = row.attempts + 1
        if attempts >= self.kind.max_attempts:
            self.fail(row, sentence)
        else:
            self.fail(row, sentence, self.kind.pause(attempts) if after is None else after)

    def bug(self, row: Any, error: Exception) -> None:
        """Told as what it is, and tried again as often as the kind allows."""
        self.bugs.setdefault(repr(error), error)
        self.later(row, self.kind.model.describe(error))

    def interrupted(self, error: BaseException) -> None:
        """What was at work counts as tried only if its own time was over; the rest is given back."""
        connections.close_all()  # it may have been in the middle of a statement
        if self.within is not None:
            row = self.rows[self.begun - 1]
            within_its_time = time.monotonic() - self.started < limits.soft(self.kind) - 1
            if isinstance(error, SoftTimeLimitExceeded) and within_its_time:
                self.begun -= 1  # a stop: stopped is not died
            else:
                self.too_long(row)
            self.within = None
        self.finish(rest=self.ids if not self.claimed else None)

    def finish(self, rest: Sequence[int] | None = None) -> None:
        """End the claim with all that is left to be written."""
        self.unbegun = list(rest) if rest is not None else [row.id for row in self.rows[self.begun :]]
        self.outcomes.untouched = self.unbegun
        if self.unbegun and self.begun:
            self.portion = max(1, self.begun // 2)
        if self.rows or rest:
            self.write(last=True)

    def write(self, last: bool) -> None:
        """Write what is there. Where the database refuses a value, its row alone has to answer for it."""
        outcomes = self.outcomes
        outcomes.spent = spent.until_now()
        try:
            held = patiently(lambda: spent.on("write", lambda: write(self.held, outcomes, last)))
        except DatabaseError as error:
            if isinstance(error, DATABASE_AWAY) or not outcomes.results:
                raise
            self.one_by_one(outcomes)
            held = patiently(lambda: write(self.held, outcomes, last))
        if held:
            self.again += outcomes.again()
            spent.carried(outcomes.spent if outcomes.tried() else {})
        else:
            self.unbegun = []
        self.outcomes, self.written = Outcomes(waits=outcomes.waits), time.monotonic()

    def one_by_one(self, outcomes: Outcomes) -> None:
        """Write each result by itself; one that is refused becomes a bug's."""
        attempts = {row.id: row for row in self.rows}
        results, outcomes.results = outcomes.results, []
        for result in results:
            try:
                one = Outcomes(results=[result], waits=outcomes.waits)
                patiently(partial(write, self.held, one, last=False))
            except DatabaseError as error:
                self.bug(attempts[result[0]], error)

    def raise_bugs(self) -> None:
        """For Celery's record: the first bug, with the tracebacks of the others as notes."""
        first, *others = self.bugs.values()
        for other in others:
            first.add_note("In the same message:\n" + "".join(traceback.format_exception(other)))
        raise first
