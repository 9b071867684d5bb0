"""Who no longer holds a task cannot write to it: not late, not twice, not over somebody else's outcome."""

from collections.abc import Callable
from typing import Any

from durable import actions, claims
from durable.claimed import Claim
from durable.claims import Process
from durable.outcomes import Outcomes, write
from durable.runs import Run
from durable.testing.processes import run, take
from durable.testing.suite import Suite


class Fences(Suite):
    """Something happens to a task while `perform` runs, or between that and its outcome."""

    def run_while(self, process: Process, ids: list[int], happens: Callable[[], Any]) -> Run:
        """Run a message; in the middle of its last task, that happens."""
        perform = self.kind.perform

        def disturbed(row: Any) -> Any:
            if row.id == ids[-1]:
                self.monkeypatch.setattr(self.kind, "perform", staticmethod(perform))
                happens()
            return perform(row)

        self.monkeypatch.setattr(self.kind, "perform", staticmethod(disturbed))
        return run(process, self.work, ids)

    def test_the_late_outcome_of_a_released_claim_is_dropped(self) -> None:
        ids = self.store(2)
        self.run_while(Process("frozen/1"), ids, lambda: claims.release(Claim.objects.get(worker="frozen/1")))
        for identity in ids:
            row = self.stored(identity)
            assert (row.status, row.round, row.attempts) == ("created", 1, 1)
            assert {name: getattr(row, name) for name in self.work.outputs} == self.work.empty

    def test_a_frozen_worker_that_wakes_up_changes_no_finished_task(self) -> None:
        ids = self.store(2)
        ended: list[Any] = []

        def another_does_it() -> None:
            claims.release(Claim.objects.get(worker="frozen/1"))
            run(Process("other/2"), self.work, ids, round=1)
            ended.extend(self.kind.objects.filter(pk__in=ids).values())

        self.run_while(Process("frozen/1"), ids, another_does_it)
        assert [(row["status"], row["worker"], row["attempts"]) for row in ended] == [("success", "other/2", 2)] * 2
        assert list(self.kind.objects.filter(pk__in=ids).values()) == ended

    def test_what_a_late_worker_would_give_back_is_not_published(self) -> None:
        ids, process = self.store(2), Process("frozen/1")

        def fails(row: Any) -> Any:
            claims.release(Claim.objects.get(worker="frozen/1"))
            raise ZeroDivisionError

        self.monkeypatch.setattr(self.kind, "perform", staticmethod(fails))
        late = run(process, self.work, ids)
        assert (late.again, late.unbegun) == ([], [])
        assert {self.stored(identity).error for identity in ids} == {claims.LOST}

    def test_a_retry_while_the_first_run_works_is_not_ended_by_it(self) -> None:
        (identity,) = self.store()

        def cancel_and_retry() -> None:
            actions.cancel_task(kind=self.work, task_id=identity)
            actions.retry_task(kind=self.work, task_id=identity)

        self.run_while(Process("first/1"), [identity], cancel_and_retry)
        row = self.stored(identity)
        assert (row.status, row.attempts, row.worker, row.round) == ("created", 0, "", 1)
        self.broker.work()
        assert (self.stored(identity).status, self.stored(identity).attempts) == ("success", 1)

    def test_a_retried_task_may_run_before_its_first_run_is_over(self) -> None:
        (identity,) = self.store()
        take(Process("slow/1"), self.work, [identity])
        actions.cancel_task(kind=self.work, task_id=identity)
        actions.retry_task(kind=self.work, task_id=identity)
        assert self.row(identity).status == "created"
        assert run(Process("quick/2"), self.work, [identity], round=1).claimed == 1
        assert self.stored(identity).worker == "quick/2"

    def test_a_task_that_is_cancelled_while_it_runs_stays_cancelled(self) -> None:
        ids = self.store(3)
        self.run_while(Process("here/1"), ids, lambda: actions.cancel_task(kind=self.work, task_id=ids[-1]))
        assert self.states(ids) == ["success", "success", "cancelled"]
        row = self.stored(ids[-1])
        assert {name: getattr(row, name) for name in self.work.outputs} == self.work.empty

    def test_an_outcome_may_be_repeated_and_is_written_once(self) -> None:
        (identity,) = self.store()
        held, (row,) = take(Process("here/1"), self.work, [identity])
        outputs = self.work.returned(self.work.perform(row))
        assert write(held, Outcomes(results=[(identity, 1000, *outputs)]))
        before = self.kind.objects.values().get(pk=identity)
        assert not write(held, Outcomes(results=[(identity, 5000, *outputs)]))  # the first answer was lost
        assert self.kind.objects.values().get(pk=identity) == before

    def test_outcomes_that_are_written_early_leave_the_claim_and_are_not_written_again(self) -> None:
        ids = self.store(2)
        held, rows = take(Process("here/1"), self.work, ids)
        first, second = ((row.id, 1000, *self.work.returned(self.work.perform(row))) for row in rows)
        assert write(held, Outcomes(results=[first]), last=False)
        assert self.states(ids) == ["success", "pending"]
        before = self.kind.objects.values().get(pk=ids[0])
        assert write(held, Outcomes(results=[first, second]))
        assert self.kind.objects.values().get(pk=ids[0]) == before
        assert self.states(ids) == ["success", "success"]

    def test_the_next_claim_of_a_process_is_not_ended_by_a_late_outcome_of_the_one_before(self) -> None:
        ids, process = self.store(2), Process("here/1")
        late, (row,) = take(process, self.work, ids[:1])
        claims.release(Claim.objects.get(worker=process.name))
        take(process, self.work, ids[1:])
        outputs = self.work.returned(self.work.perform(row))
        assert not write(late, Outcomes(results=[(row.id, 1000, *outputs)]))
        assert self.states(ids) == ["created", "pending"]
