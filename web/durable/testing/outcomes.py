"""What comes of a task: its outputs, a sentence, or a bug that is told by its name and tried again."""

from collections.abc import Callable
from typing import Any

import pytest
from celery.exceptions import SoftTimeLimitExceeded

from durable.claims import DIED, Process
from durable.testing.processes import run
from durable.testing.suite import Suite


def division(row: Any) -> Any:
    """A bug."""
    return 1 // 0


BUG = "ZeroDivisionError: integer division or modulo by zero"


class Outcomes(Suite):
    """Messages that are worked on to their end."""

    def performing(self, perform: Callable[[Any], Any]) -> None:
        """From here on the work is another."""
        self.monkeypatch.setattr(self.kind, "perform", staticmethod(perform))

    def is_empty(self, row: Any) -> bool:
        """Whether it has no outputs."""
        return {name: getattr(row, name) for name in self.work.outputs} == self.work.empty

    def test_the_outputs_follow_from_the_inputs(self) -> None:
        ids = [self.create(inputs) for inputs, _ in self.examples]
        run(Process("here/1"), self.work, ids)
        for identity, (_, outputs) in zip(ids, self.examples, strict=True):
            row = self.stored(identity)
            assert (row.status, row.error, row.attempts, row.worker) == ("success", "", 1, "here/1"), row.error
            assert self.outputs_are({name: getattr(row, name) for name in self.work.outputs}, outputs), row
            assert self.outputs_are(self.get(f"{self.api}/{identity}"), outputs)
            assert row.create_time <= row.start_time <= row.update_time

    def test_what_has_no_outcome_fails_with_its_sentence_and_is_not_tried_again(self) -> None:
        ids = [self.create(inputs) for inputs in self.failing]
        neighbours = self.store(2)
        self.broker.sent()
        if ids:
            done = run(Process("here/1"), self.work, [*ids, *neighbours])
            assert (done.again, done.bugs) == ([], {})
        for identity in ids:
            row = self.stored(identity)
            assert (row.status, row.attempts, self.is_empty(row)) == ("failed", 1, True)
            assert row.error
            assert not row.error.startswith(DIED[:15])
            assert self.get(f"{self.api}/{identity}")["error"] == row.error
            assert row.create_time <= row.start_time <= row.update_time
        assert self.states(neighbours) == ["success" if ids else "created"] * 2

    def test_a_bug_is_told_by_its_name_and_tried_again_at_once(self) -> None:
        ids = self.store(2)
        self.performing(division)
        work = run(Process("here/1"), self.work, ids)
        assert work.again == ids
        with pytest.raises(ZeroDivisionError):
            work.raise_bugs()
        for identity in ids:
            row = self.stored(identity)
            assert (row.status, row.error, row.attempts, row.round) == ("created", BUG, 1, 1)

    def test_a_bug_that_stays_fails_the_task_after_its_last_attempt(self) -> None:
        (identity,) = self.store()
        self.performing(division)
        for attempt in range(self.work.max_attempts):
            assert self.stored(identity).status == "created"
            run(Process("here/1"), self.work, [identity], round=attempt)
        row = self.stored(identity)
        assert (row.status, row.error, row.attempts) == ("failed", BUG, self.work.max_attempts)

    def test_a_bug_that_is_gone_leaves_no_trace(self) -> None:
        (identity,), perform = self.store(), self.kind.perform
        self.performing(division)
        run(Process("here/1"), self.work, [identity])
        self.performing(perform)
        run(Process("here/1"), self.work, [identity], round=1)
        row = self.stored(identity)
        assert (row.status, row.error, row.attempts) == ("success", "", 2)

    def test_what_is_tried_again_is_published_at_once_in_its_next_round(self) -> None:
        (identity,) = [self.create(self.examples[0][0])]
        perform, calls = self.kind.perform, list[int]()

        def once(row: Any) -> Any:
            calls.append(row.id)
            return perform(row) if len(calls) > 1 else division(row)

        self.performing(once)
        with pytest.raises(ZeroDivisionError):
            self.broker.work()
        assert [(message.round, message.ids) for message in self.broker.messages] == [(1, (identity,))]
        self.broker.work()
        assert self.states([identity]) == ["success"]

    def test_one_bug_costs_its_neighbours_nothing(self) -> None:
        ids, perform = self.store(5), self.kind.perform
        self.performing(lambda row: division(row) if row.id == ids[2] else perform(row))
        assert run(Process("here/1"), self.work, ids).again == [ids[2]]
        assert self.states(ids) == ["success", "success", "created", "success", "success"]
        assert [self.stored(identity).attempts for identity in ids] == [1] * 5

    def test_outputs_of_another_number_or_type_are_a_bug(self) -> None:
        (identity,), number = self.store(), len(self.work.outputs)
        self.performing(lambda row: object() if number == 1 else ("one",) * (number + 1))
        run(Process("here/1"), self.work, [identity])
        assert self.stored(identity).error.startswith(("TypeError: perform gave", "ValueError: perform gave"))

    def test_a_worker_that_is_stopped_gives_back_what_it_has_not_done_uncounted(self) -> None:
        ids, perform = self.store(3), self.kind.perform

        def stopped(row: Any) -> Any:
            if row.id == ids[1]:
                raise SoftTimeLimitExceeded
            return perform(row)

        self.performing(stopped)
        with pytest.raises(SoftTimeLimitExceeded):
            run(Process("here/1"), self.work, ids)
        assert self.states(ids) == ["success", "created", "created"]
        for row in map(self.stored, ids[1:]):
            assert (row.attempts, row.round, row.error) == (0, 1, "")
