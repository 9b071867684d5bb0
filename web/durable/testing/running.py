"""While a task runs: it tells how far it is, hears that it was cancelled, and may not take longer than it may."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.db import connection
from django.test.utils import CaptureQueriesContext

from durable import actions, claims, limits, sweep
from durable.claimed import WORDS, Claim
from durable.claims import LATE, Process
from durable.errors import Cancelled
from durable.progress import EVERY, write
from durable.runs import TOO_LONG, Run
from durable.testing.overseen import overseen
from durable.testing.processes import claimed_since, run, sign, take
from durable.testing.suite import Suite
from durable.words import say

LONG = 30.0  # seconds that nothing here waits for: it is interrupted before


def wait_long() -> None:
    """Work that asks for nothing, and never comes to its end by itself."""
    end = time.monotonic() + LONG
    while time.monotonic() < end:
        time.sleep(0.01)
    raise AssertionError(f"after {LONG} s nobody had interrupted it")


class Running(Suite):
    """Something happens while `perform` runs."""

    def run_with(self, ids: list[int], first: Callable[[Any], Any], round: int = 0) -> Run:
        """Run a message whose first task does that before its work."""
        perform = self.kind.perform

        def disturbed(row: Any) -> Any:
            if row.id == ids[0]:
                first(row)
            return perform(row)

        self.monkeypatch.setattr(self.kind, "perform", staticmethod(disturbed))
        try:
            work = run(Process("here/1"), self.work, ids, round)
        finally:
            self.monkeypatch.setattr(self.kind, "perform", staticmethod(perform))
        if work.bugs:  # what the test has found wrong in there
            work.raise_bugs()
        return work

    # --- progress ---

    def test_progress_is_told_while_the_task_runs_and_is_gone_at_its_end(self) -> None:
        ids, told = self.store(2), list[Any]()

        def looks(row: Any) -> None:
            row.progress(0.25, "a quarter <b>")
            told.extend(self.get(f"{self.api}/{identity}") for identity in ids)
            told.extend(reversed(self.get(self.api)["items"]))
            assert 'value="0.25"' in (page := self.client.get(self.page).content.decode())
            assert "a quarter &lt;b&gt;" in page

        self.run_with(ids, looks)
        for first, second in (told[:2], told[2:]):
            assert (first["status"], first["progress"], first["progress_words"]) == ("pending", 0.25, "a quarter <b>")
            assert (second["status"], second["progress"], second["progress_words"]) == ("pending", None, "")
        assert [(row.status, row.progress, row.progress_words) for row in map(self.row, ids)] == [
            ("success", None, "")
        ] * 2
        assert "a quarter" not in self.client.get(self.page).content.decode()

    def test_progress_is_a_change_of_its_task_alone(self) -> None:
        ids, told = self.store(3), list[Any]()

        def looks(row: Any) -> None:
            Claim.objects.update(start_time=self.row(ids[0]).start_time.replace(year=2020))
            since = self.get(self.api)["since"]
            self.kind.objects.filter(pk__in=ids).update(update_time=self.row(ids[0]).create_time.replace(year=2020))
            row.progress(0.5)
            told.extend(self.get(self.api, since=since)["items"])

        self.run_with(ids, looks)
        assert [(task["id"], task["progress"]) for task in told] == [(ids[0], 0.5)]

    def test_progress_of_an_earlier_claim_is_not_told_of_the_next(self) -> None:
        (identity,) = self.store()
        process = Process("here/1")
        held, _ = take(process, self.work, [identity])
        assert write(held, identity, 0.5, "old")
        Claim.objects.update(ids=None)
        assert not write(held, identity, 0.6, "too late")
        take(process, self.work, [identity])
        assert (self.row(identity).status, self.row(identity).progress) == ("pending", None)
        assert not write(held, identity, 0.6, "of the claim before")
        assert self.row(identity).progress is None

    def test_progress_is_a_part_of_the_whole_and_its_words_are_bounded(self) -> None:
        (identity,), seen = self.store(), list[Any]()

        def tells(row: Any) -> None:
            for wrong in (-0.01, 1.01, float("nan"), float("inf")):
                with pytest.raises(ValueError, match="from 0 to 1"):
                    row.progress(wrong)
            row.progress(1, "w" * 2 * WORDS)
            seen.append(self.row(identity))

        self.run_with([identity], tells)
        assert (seen[0].progress, seen[0].progress_words) == (1.0, "w" * WORDS)

    def test_progress_costs_at_most_one_statement_a_second_and_the_first_is_at_once(self) -> None:
        def tells(row: Any) -> None:
            with CaptureQueriesContext(connection) as captured:
                end = time.monotonic() + EVERY * 0.8
                while time.monotonic() < end:
                    row.progress(0.5)
            assert len(captured) == 1

        self.run_with(self.store(), tells)

    def test_perform_can_be_called_without_a_run_and_tell_its_progress(self) -> None:
        _, (row,) = take(Process("here/1"), self.work, self.store())
        row.progress(0.5, "by a test")
        assert self.row(row.id).progress is None

    def test_a_process_that_has_lost_its_claim_writes_no_progress_and_hears_it(self) -> None:
        (identity,), heard = self.store(), list[bool]()

        def is_released(row: Any) -> None:
            claims.release(Claim.objects.get(worker="here/1"))
            take(Process("here/2"), self.work, [identity], round=1)
            with pytest.raises(Cancelled):
                row.progress(0.5)
            heard.append(self.row(identity).progress is None)
            raise Cancelled

        self.run_with([identity], is_released)
        row = self.row(identity)
        assert (heard, row.status, row.worker, row.progress) == ([True], "pending", "here/2", None)

    # --- cancelling ---

    def test_a_cancelled_task_hears_it_at_its_next_progress_and_its_neighbours_go_on(self) -> None:
        ids, heard = self.store(3), list[str]()

        def is_cancelled(row: Any) -> None:
            actions.cancel_task(kind=self.work, task_id=row.id)
            try:
                row.progress(0.5)
            except Exception:
                heard.append("as an error of its own")
            heard.append("not at all")

        work = self.run_with(ids, is_cancelled)
        assert (heard, work.bugs, work.again, work.unbegun) == ([], {}, [], [])
        assert self.states(ids) == ["cancelled", "success", "success"]
        assert self.stored(ids[0]).attempts == 0

    def test_who_does_not_listen_hears_it_at_every_progress(self) -> None:
        heard = list[int]()

        def is_cancelled(row: Any) -> None:
            actions.cancel_task(kind=self.work, task_id=row.id)
            for turn in range(3):
                with pytest.raises(Cancelled):
                    row.progress(0.5)
                heard.append(turn)

        (identity,) = self.store()
        self.run_with([identity], is_cancelled)
        assert (heard, self.states([identity])) == ([0, 1, 2], ["cancelled"])

    def test_a_cancelled_task_that_never_asks_is_interrupted_and_its_neighbours_go_on(self) -> None:
        ids, began = self.store(3), list[float]()

        def is_cancelled(row: Any) -> None:
            began.append(time.monotonic())
            try:
                actions.cancel_task(kind=self.work, task_id=row.id)
                wait_long()
            finally:
                began.append(time.monotonic())

        with overseen():
            work = self.run_with(ids, is_cancelled)
        assert began[1] - began[0] < 2
        assert (work.bugs, work.again, work.unbegun) == ({}, [], [])
        assert self.states(ids) == ["cancelled", "success", "success"]

    def test_cancelled_is_a_bug_where_nobody_has_cancelled(self) -> None:
        def raises(row: Any) -> None:
            raise Cancelled

        (identity,) = self.store()
        with pytest.raises(RuntimeError, match="nobody had cancelled"):
            self.run_with([identity], raises)
        assert (self.stored(identity).status, self.stored(identity).attempts) == ("created", 1)
        assert "nobody had cancelled" in self.stored(identity).error

    # --- limits ---

    def test_what_takes_longer_than_its_limit_is_interrupted_told_so_and_tried_again(self) -> None:
        self.monkeypatch.setattr(self.work, "time_limit", 0.5)
        ids, cleaned = self.store(2), list[int]()

        def hangs(row: Any) -> None:
            try:
                wait_long()
            except SoftTimeLimitExceeded:
                cleaned.append(row.id)
                raise

        with overseen():
            work = self.run_with(ids, hangs)
        row = self.row(ids[0])
        assert (cleaned, work.again) == (ids[:1], ids[:1])
        assert (row.status, row.attempts, row.round) == ("created", 1, 1)
        assert row.error == row.sentence == say(TOO_LONG, n=0.5)
        assert self.states(ids[1:]) == ["success"]

    def test_after_its_last_attempt_it_is_failed_for_having_taken_too_long(self) -> None:
        self.monkeypatch.setattr(self.work, "time_limit", 0.2)
        self.monkeypatch.setattr(self.work, "max_attempts", 1)
        (identity,) = self.store()
        with overseen():
            self.run_with([identity], lambda row: wait_long())
        row = self.row(identity)
        assert (row.status, row.attempts, row.error) == ("failed", 1, say(TOO_LONG, n=0.2))

    def test_perform_may_give_an_outcome_when_its_time_is_over(self) -> None:
        self.monkeypatch.setattr(self.work, "time_limit", 0.2)

        def gives_up(row: Any) -> None:
            with pytest.raises(SoftTimeLimitExceeded):
                wait_long()

        (identity,) = self.store()
        with overseen():
            self.run_with([identity], gives_up)
        assert self.states([identity]) == ["success"]

    def test_what_was_killed_since_it_took_too_long_says_so_and_costs_its_neighbours_nothing(self) -> None:
        ids = self.store(3)
        for attempt in range(self.work.max_attempts):
            take(Process("here/1"), self.work, ids if not attempt else ids[:1], round=attempt)
            Claim.objects.update(late_task=ids[0])
            claimed_since(Process("here/1"), 10)
            sign("here", [2])
            sweep.release_lost()
            assert self.row(ids[0]).error == say(LATE, n=limits.told(self.work))
        rows = [self.stored(identity) for identity in ids]
        assert [(row.status, row.attempts) for row in rows] == [
            ("failed", self.work.max_attempts), ("created", 0), ("created", 0)
        ]  # fmt: skip
        assert self.row(ids[0]).sentence.template == LATE
