"""What was done is counted as the rows have it, whatever happens meanwhile."""

from collections import Counter as Numbers
from typing import Any

from django.db.models import Sum

from durable import actions, claims
from durable.claimed import Claim
from durable.claims import Process
from durable.counters import COUNTS, RUNS, WAITS, Counter
from durable.filters import EVERYTHING
from durable.testing.outcomes import division
from durable.testing.processes import run, take
from durable.testing.suite import Suite


class Counting(Suite):
    """Sums over all processes and steps."""

    def counted(self) -> dict[str, int]:
        """All that was counted of the kind."""
        sums: dict[str, Any] = Counter.objects.filter(kind=self.work.name).aggregate(
            **{f"all_{name}": Sum(name) for name in COUNTS}
        )
        return {name: sums[f"all_{name}"] or 0 for name in COUNTS}

    def is_counted(self, **numbers: int) -> None:
        """So many ended how, no more and no fewer."""
        found = self.counted()
        ended = {name: found[name] for name in ("success", "failed", "cancelled", "again") if found[name]}
        assert ended == numbers

    def test_the_counters_equal_the_rows(self) -> None:
        ids = [*self.store(7), *(self.create(inputs) for inputs in self.failing)]
        run(Process("here/1"), self.work, ids[:4])
        run(Process("here/2"), self.work, ids[4:])
        self.is_counted(**Numbers(self.states(ids)))
        found = self.counted()
        assert sum(found[name] for name in WAITS) == sum(found[name] for name in RUNS) == len(ids)

    def test_a_try_that_is_not_the_last_is_told_apart(self) -> None:
        (identity,), perform = self.store(), self.kind.perform
        self.monkeypatch.setattr(self.kind, "perform", staticmethod(division))
        run(Process("here/1"), self.work, [identity])
        self.monkeypatch.setattr(self.kind, "perform", staticmethod(perform))
        run(Process("here/1"), self.work, [identity], round=1)
        self.is_counted(success=1, again=1)

    def test_what_is_cancelled_while_it_runs_is_counted_as_that_alone(self) -> None:
        ids, perform = self.store(3), self.kind.perform

        def cancelling(row: Any) -> Any:
            if row.id == ids[2]:
                actions.cancel_task(kind=self.work, task_id=ids[1])
            return perform(row)

        self.monkeypatch.setattr(self.kind, "perform", staticmethod(cancelling))
        run(Process("here/1"), self.work, ids)
        assert self.states(ids) == ["success", "cancelled", "success"]
        self.is_counted(success=2, cancelled=1)

    def test_many_that_are_cancelled_are_counted(self) -> None:
        self.store(5)
        actions.cancel_matching(kind=self.work, filters=EVERYTHING, expected=5)
        self.is_counted(cancelled=5)

    def test_a_released_claim_counts_its_tries_and_its_late_outcome_nothing(self) -> None:
        ids, perform = self.store(2), self.kind.perform

        def dying(row: Any) -> Any:
            if row.id == ids[1]:
                claims.release(Claim.objects.get(worker="frozen/1"))
            return perform(row)

        self.monkeypatch.setattr(self.kind, "perform", staticmethod(dying))
        run(Process("frozen/1"), self.work, ids)
        self.is_counted(again=2)

    def test_the_last_death_of_a_task_is_counted_as_its_failure(self) -> None:
        ids = self.store(2)
        for round in range(self.work.max_attempts):
            take(Process("dead/1"), self.work, ids, round)
            claims.release(Claim.objects.get(worker="dead/1"))
        assert self.states(ids) == ["failed"] * 2
        self.is_counted(failed=2, **({"again": 2 * (self.work.max_attempts - 1)} if self.work.max_attempts > 1 else {}))
