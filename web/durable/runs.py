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

from durable import claims, words
from durable.errors import Failed
from durable.kinds import Kind
from durable.outcomes import Outcomes, write
from durable.patience import DATABASE_AWAY, patiently
from durable.words import Sentence, say

BEGIN_WITHIN = 10.0  # seconds: what a message has not begun by then is another's
WRITE_EVERY = 1.0  # seconds: a slow message's outcomes are seen while it goes on
TOO_LONG = gettext_noop("It took longer than {n} s and was stopped.")


class Run:
    """A message's run. What is `again` or `unbegun` was given back: whoever called publishes it."""

    def __init__(self, kind: Kind, round: int, ids: Sequence[int]) -> None:
        self.kind, self.round, self.ids = kind, round, ids
        self.started = self.written = time.monotonic()
        self.outcomes = Outcomes()
        self.rows: list[Any] = []
        self.begun = self.claimed = self.failed = 0
        self.within: float | None = None  # since when `perform` runs
        self.bugs: dict[str, Exception] = {}
        self.again: list[int] = []
        self.unbegun: list[int] = []
        self.size = len(ids)

    def go(self) -> None:
        """All of it. What interrupts it (a limit, a stop) is raised again, once all is written or given back."""
        process = claims.this_process()
        self.held = claims.Held(process.name, patiently(process.next), self.kind, self.round)
        try:
            if not patiently(lambda: process.claim(self.kind, self.round, self.ids)):
                return
            self.rows = patiently(lambda: claims.rows(self.held, self.ids))
            self.claimed = len(self.rows)
            self.perform()
            self.finish()
        except BaseException as error:
            self.interrupted(error)
            raise

    def perform(self) -> None:
        """Each row in turn, until it is another worker's turn."""
        for row in self.rows:
            if time.monotonic() - self.started > BEGIN_WITHIN:
                return
            if time.monotonic() - self.written > WRITE_EVERY and self.outcomes:
                self.write(last=False)
            self.one(row)

    def one(self, row: Any) -> None:
        """What comes of one row."""
        self.begun += 1
        self.within = began = time.monotonic()
        try:
            if settings.TASK_SECONDS:
                time.sleep(settings.TASK_SECONDS)
            outputs = self.kind.returned(self.kind.perform(row))
        except SoftTimeLimitExceeded:
            raise
        except Failed as error:
            self.fail(row, words.of(error))
        except Exception as error:
            self.bug(row, error)
        else:
            self.outcomes.succeeded(row.id, time.monotonic() - began, outputs)
        self.within = None

    def fail(self, row: Any, sentence: Sentence, again: bool = False) -> None:
        """It has no outcome, now or for good."""
        self.failed += not again
        self.outcomes.failed(row.id, time.monotonic() - (self.within or self.started), sentence, again)

    def bug(self, row: Any, error: Exception) -> None:
        """Told as what it is, and tried again as often as the kind allows."""
        self.bugs.setdefault(repr(error), error)
        text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        self.fail(row, Sentence(text), again=row.attempts + 1 < self.kind.max_attempts)

    def interrupted(self, error: BaseException) -> None:
        """What was at work counts as tried only if its own time was over; the rest is given back."""
        connections.close_all()  # it may have been in the middle of a statement
        if self.within is not None:
            row = self.rows[self.begun - 1]
            limit = settings.CELERY_TASK_SOFT_TIME_LIMIT
            if isinstance(error, SoftTimeLimitExceeded) and time.monotonic() - self.started < limit - 1:
                self.begun -= 1  # a stop: stopped is not died
            else:
                sentence = say(TOO_LONG, n=limit)
                self.fail(row, sentence, again=row.attempts + 1 < self.kind.max_attempts)
            self.within = None
        self.finish(rest=self.ids if not self.claimed else None)

    def finish(self, rest: Sequence[int] | None = None) -> None:
        """End the claim with all that is left to be written."""
        self.unbegun = list(rest) if rest is not None else [row.id for row in self.rows[self.begun :]]
        self.outcomes.untouched = self.unbegun
        if self.unbegun and self.begun:
            self.size = max(1, self.begun // 2)
        if self.rows or rest:
            self.write(last=True)

    def write(self, last: bool) -> None:
        """Write what is there. Where the database refuses a value, its row alone has to answer for it."""
        outcomes = self.outcomes
        try:
            held = patiently(lambda: write(self.held, outcomes, last))
        except DatabaseError as error:
            if isinstance(error, DATABASE_AWAY) or not outcomes.results:
                raise
            self.one_by_one(outcomes)
            held = patiently(lambda: write(self.held, outcomes, last))
        if held:
            self.again += outcomes.again()
        else:
            self.unbegun = []
        self.outcomes, self.written = Outcomes(), time.monotonic()

    def one_by_one(self, outcomes: Outcomes) -> None:
        """Write each result by itself; one that is refused becomes a bug's."""
        attempts = {row.id: row for row in self.rows}
        results, outcomes.results = outcomes.results, []
        for result in results:
            try:
                patiently(partial(write, self.held, Outcomes(results=[result]), last=False))
            except DatabaseError as error:
                self.bug(attempts[result[0]], error)

    def raise_bugs(self) -> None:
        """For Celery's record: the first bug, with the tracebacks of the others as notes."""
        first, *others = self.bugs.values()
        for other in others:
            first.add_note("In the same message:\n" + "".join(traceback.format_exception(other)))
        raise first
