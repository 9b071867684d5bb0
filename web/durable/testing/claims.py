"""A message is worked on by one process: by who claims it first, and what two claim, both leave alone."""

from datetime import datetime

from django.db.models.functions import Now

from durable import claims, listing, stats, sweep, taking
from durable.claimed import Claim
from durable.claims import Process
from durable.filters import Filters
from durable.testing.processes import claim, run, take
from durable.testing.suite import Suite


class Claims(Suite):
    """Steps of several processes, one after another."""

    def test_a_claimed_task_is_shown_as_running(self) -> None:
        ids = self.store(3)
        take(Process("here/1"), self.work, ids[:1])
        task = self.row(ids[0])
        assert (task.status, task.worker, task.attempts) == ("pending", "here/1", 1)
        assert task.create_time <= task.start_time == task.update_time
        assert self.get(f"{self.api}/{ids[0]}")["status"] == "pending"
        for status, expected in (("pending", ids[:1]), ("created", ids[:0:-1])):
            page = listing.page(self.work, filters=Filters(status=status))
            assert [found.pk for found in page.tasks] == expected
            assert [found["id"] for found in self.get(self.api, status=status)["items"]] == expected
        counts = stats.count(self.work)["counts"]
        assert (counts["pending"], counts["created"]) == (1, 2)

    def test_the_row_itself_is_written_once_with_its_outcome(self) -> None:
        (identity,) = self.store()
        before = self.stored(identity)
        take(Process("here/1"), self.work, [identity])
        assert vars(self.stored(identity)) | {"_state": 0} == vars(before) | {"_state": 0}

    def test_a_message_that_comes_twice_runs_once(self) -> None:
        ids = self.store(4)
        _, mine = take(Process("here/1"), self.work, ids)
        _, others = take(Process("here/2"), self.work, ids)
        assert [row.id for row in mine] == ids
        assert others == []

    def test_of_overlapping_messages_each_task_runs_once(self) -> None:
        ids = self.store(5)
        _, mine = take(Process("here/1"), self.work, ids[:3])
        _, others = take(Process("here/2"), self.work, ids[2:])
        assert [row.id for row in mine] == ids[:3]
        assert [row.id for row in others] == ids[3:]
        assert set(self.states(ids)) == {"pending"}

    def test_messages_with_gaps_do_not_disturb_each_other(self) -> None:
        ids = self.store(6)
        _, even = take(Process("here/1"), self.work, ids[::2])
        _, odd = take(Process("here/2"), self.work, ids[1::2])
        assert ([row.id for row in even], [row.id for row in odd]) == (ids[::2], ids[1::2])

    def test_what_two_claim_at_the_same_moment_neither_runs_and_the_sweep_finds(self) -> None:
        ids, first, second = self.store(3), Process("here/1"), Process("here/2")
        held = claim(first, self.work, ids), claim(second, self.work, ids[1:])
        mine, others = (taking.rows(one, given) for one, given in zip(held, (ids, ids[1:]), strict=True))
        assert not {row.id for row in mine} & {row.id for row in others}
        claims.keep(held[0], [])
        claims.keep(held[1], [])
        worked_on = {row.id for row in (*mine, *others)}
        waiting = sweep.overdue(self.work, "tasks", self.later())
        assert worked_on | {row[0] for row in waiting} >= set(ids)
        assert run(first, self.work, ids).claimed == 3

    def later(self) -> datetime:
        """A moment after all that is stored, by the database's clock."""
        now: datetime = Claim.objects.annotate(now=Now()).values_list("now", flat=True)[0]
        return now

    def test_a_claimed_task_is_not_taken_for_forgotten(self) -> None:
        ids = self.store(2)
        take(Process("here/1"), self.work, ids[:1])
        assert [row[0] for row in sweep.overdue(self.work, "tasks", self.later())] == ids[1:]

    def test_a_message_of_an_earlier_round_runs_nothing(self) -> None:
        ids = self.store(2)
        self.kind.objects.filter(pk=ids[0]).update(round=1)
        assert [row.id for row in take(Process("here/1"), self.work, ids)[1]] == ids[1:]
        assert [row.id for row in take(Process("here/2"), self.work, ids, round=1)[1]] == ids[:1]

    def test_ended_and_cancelled_tasks_are_not_claimed(self) -> None:
        ids = self.store(3)
        run(Process("here/1"), self.work, ids[:1])
        self.kind.objects.cancel(ids[1:2])
        assert [row.id for row in take(Process("here/1"), self.work, ids)[1]] == ids[2:]

    def test_a_claim_may_be_repeated_until_it_is_released(self) -> None:
        ids, process = self.store(2), Process("here/1")
        held = claim(process, self.work, ids)
        assert process.claim(self.work, 0, ids)  # the first answer was lost
        assert [row.id for row in taking.rows(held, ids)] == ids
        claims.release(Claim.objects.get(worker=process.name))
        assert not process.claim(self.work, 0, ids)

    def test_the_claim_of_a_process_is_kept_for_the_next_message(self) -> None:
        process = Process("here/1")
        for identity in self.store(3):
            run(process, self.work, [identity])
        assert Claim.objects.count() == 1

    def test_perform_gets_the_inputs_and_a_key_of_the_round(self) -> None:
        (identity,) = self.store()
        _, (row,) = take(Process("here/1"), self.work, [identity])
        assert tuple(getattr(row, name) for name in self.work.inputs) == self.given(next(self.inputs))
        assert (row.id, row.attempts) == (identity, 0)
        assert row.key == f"{self.work.name}-{identity}-0"
