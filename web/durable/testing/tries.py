"""Another try: asked for by `perform`, or the kind's policy after a bug or a death; what failed before is kept."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from durable import Again, sweep
from durable.claims import LOST, Process
from durable.due import publish_due
from durable.models import Event
from durable.outcomes import Outcomes, write
from durable.testing.outcomes import BUG, division
from durable.testing.processes import claimed_since, run, sign, take
from durable.testing.suite import Suite
from durable.words import say

WHY = "Room {n} is busy."


class Tries(Suite):
    """Attempts that fail."""

    def performing(self, perform: Callable[[Any], Any]) -> None:
        """From here on the work is another."""
        self.monkeypatch.setattr(self.kind, "perform", staticmethod(perform))

    def asking(self, after: float | None = None) -> None:
        """From here on each try asks for another."""

        def busy(row: Any) -> Any:
            raise Again(WHY, after=after, n=7)

        self.performing(busy)

    def events(self, identity: int) -> list[tuple[str, str, int, str]]:
        """The failed attempts of a task, oldest first."""
        found = Event.objects.filter(kind=self.work.name, subject=str(identity)).order_by("id")
        return list(found.values_list("what", "by", "count", "detail"))

    def waits(self, identity: int, seconds: float) -> None:
        """It is scheduled, for so many seconds after its last change."""
        row = self.stored(identity)
        assert row.status == "scheduled", row.error
        assert abs(row.due_time - row.update_time - timedelta(seconds=seconds)) < timedelta(seconds=0.5)

    def test_what_asks_for_another_try_gets_it_after_its_time(self) -> None:
        (identity,) = self.store()
        self.asking(after=60)
        work = run(Process("here/1"), self.work, [identity])
        assert (work.again, work.bugs, work.failed) == ([], {}, 0)
        self.waits(identity, 60)
        row = self.row(identity)
        assert (row.error, row.attempts, row.round, row.worker, row.start_time) == (
            "Room 7 is busy.", 1, 1, "here/1", None
        )  # fmt: skip
        assert row.sentence.template == WHY
        told = self.get(f"{self.api}/{identity}")
        assert (told["status"], told["error"]) == ("scheduled", "Room 7 is busy.")
        assert told["due_time"] is not None
        publish_due()
        assert self.broker.sent() == []

    def test_a_later_try_that_succeeds_leaves_no_trace_but_its_event(self) -> None:
        (identity,), perform = self.store(), self.kind.perform
        self.asking(after=60)
        run(Process("here/1"), self.work, [identity])
        self.performing(perform)
        self.fall_due([identity])
        publish_due()
        assert [(message.round, message.ids) for message in self.broker.messages] == [(2, (identity,))]
        self.broker.work()
        row = self.stored(identity)
        assert (row.status, row.error, row.reason, row.attempts, row.due_time) == ("success", "", None, 2, None)
        assert self.events(identity) == [("attempt failed", "here/1", 1, "Room 7 is busy.")]

    def test_no_seconds_mean_at_once(self) -> None:
        (identity,) = self.store()
        self.asking(after=0)
        assert run(Process("here/1"), self.work, [identity]).again == [identity]
        assert self.states([identity]) == ["created"]

    def test_asking_for_ever_ends_with_the_sentence(self) -> None:
        (identity,) = self.store()
        self.asking(after=0)
        self.broker.send(self.work.name, 0, [identity])
        self.broker.work()
        row = self.stored(identity)
        assert (row.status, row.error, row.attempts) == ("failed", "Room 7 is busy.", self.work.max_attempts)
        assert [event[2] for event in self.events(identity)] == list(range(1, self.work.max_attempts + 1))

    def test_bugs_and_deaths_wait_as_the_kind_says(self) -> None:
        self.monkeypatch.setattr(self.work, "backoff", lambda attempts: 100.0 * attempts)
        bug, dead = self.store(2)
        self.performing(division)
        run(Process("here/1"), self.work, [bug])
        self.waits(bug, 100)
        self.kind.objects.filter(pk=dead).update(attempts=1)
        process = Process("here/3")
        take(process, self.work, [dead])
        claimed_since(process, 10)
        sign("here", [2])
        sweep.release_lost()
        assert self.broker.sent() == []
        if self.work.max_attempts > 2:
            self.waits(dead, 200)
            assert (self.stored(dead).error, self.stored(dead).round) == (LOST, 1)
        assert self.events(bug) == [("attempt failed", "here/1", 1, BUG)]
        assert [event[:3] for event in self.events(dead)] == [("attempt failed", "here/3", 2)]

    def test_again_without_seconds_waits_as_the_kind_says(self) -> None:
        self.monkeypatch.setattr(self.work, "backoff", lambda attempts: 40.0)
        (identity,) = self.store()
        self.asking()
        run(Process("here/1"), self.work, [identity])
        self.waits(identity, 40)

    def test_a_backoff_that_is_broken_keeps_no_task_from_its_end(self) -> None:
        for broken in (lambda attempts: attempts // 0, lambda attempts: float("nan"), lambda attempts: None):
            self.monkeypatch.setattr(self.work, "backoff", broken)
            (identity,) = self.store()
            self.performing(division)
            run(Process("here/1"), self.work, [identity])
            assert self.states([identity]) == ["scheduled"]

    def test_seconds_that_are_none_are_a_bug(self) -> None:
        for seconds in (-1, float("nan"), 1e12):
            with pytest.raises(ValueError, match="a task can wait"):
                Again("Later.", after=seconds)

    def test_what_killed_its_worker_comes_back_alone(self) -> None:
        self.monkeypatch.setattr(self.work, "backoff", lambda attempts: 60.0)
        dead, asking = self.store(3), self.store(3)
        process = Process("here/1")
        take(process, self.work, dead)
        claimed_since(process, 10)
        sign("here", [2])
        sweep.release_lost()
        self.asking(after=60)
        run(Process("here/2"), self.work, asking)
        self.fall_due([*dead, *asking])
        publish_due()
        assert sorted(message.ids for message in self.broker.sent()) == [*((i,) for i in dead), tuple(asking)]

    def test_a_retry_erases_no_error(self) -> None:
        (identity,) = self.store()
        self.performing(division)
        for round in range(self.work.max_attempts):
            run(Process("here/1"), self.work, [identity], round=round)
        assert self.client.post(f"{self.api}/{identity}/retry").json()["error"] == ""
        kept = [event for event in self.events(identity) if event[0] == "attempt failed"]
        assert kept == [("attempt failed", "here/1", n + 1, BUG) for n in range(self.work.max_attempts)]

    def test_what_is_put_off_may_be_cancelled_and_then_starts_over_at_once(self) -> None:
        (identity,) = self.store()
        self.asking(after=60)
        run(Process("here/1"), self.work, [identity])
        assert self.client.post(f"{self.api}/{identity}/cancel").json()["status"] == "cancelled"
        self.fall_due([identity])
        publish_due()
        assert self.broker.sent() == []
        told = self.client.post(f"{self.api}/{identity}/retry").json()
        assert (told["status"], told["attempts"], told["due_time"]) == ("created", 0, None)
        assert [(message.round, message.ids) for message in self.broker.sent()] == [(2, (identity,))]

    def test_an_attempt_is_told_once_however_often_it_is_written(self) -> None:
        first, second = self.store(2)
        held, _ = take(Process("here/1"), self.work, [first, second])
        outcomes = Outcomes()
        outcomes.failed(first, 0.1, say(WHY, n=7), after=60)
        assert write(held, outcomes, last=False)
        assert write(held, outcomes, last=False)  # the first answer was lost
        outcomes.failed(second, 0.1, say(WHY, n=8))
        assert write(held, outcomes)
        assert not write(held, outcomes)
        assert [len(self.events(identity)) for identity in (first, second)] == [1, 1]
        assert self.states([first, second]) == ["scheduled", "failed"]

    def test_a_late_worker_puts_nothing_off_and_tells_of_nothing(self) -> None:
        (identity,) = self.store()
        held, _ = take(Process("frozen/1"), self.work, [identity])
        outcomes = Outcomes()
        outcomes.failed(identity, 0.1, say(WHY, n=7), after=60)
        self.client.post(f"{self.api}/{identity}/cancel")
        assert write(held, outcomes)
        assert self.states([identity]) == ["cancelled"]
        assert [event[0] for event in self.events(identity)] == ["cancel"]
