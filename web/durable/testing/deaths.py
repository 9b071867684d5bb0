"""Workers die: what they held is tried again, one by one, and what kills every worker ends as failed."""

from durable import claims, sweep
from durable.claimed import Claim
from durable.claims import DIED, Process
from durable.models import Worker
from durable.testing.processes import claimed_since, run, sign, take
from durable.testing.suite import Suite
from durable.words import say


class Deaths(Suite):
    """A worker `here` with a pool process 1 that holds tasks."""

    def held(self, ids: list[int], round: int = 0, pid: int = 1) -> Process:
        """The process claimed them a minute ago; it is alive."""
        process = Process(f"here/{pid}")
        take(process, self.work, ids, round)
        claimed_since(process, 10)
        sign("here", [1, 2])
        return process

    def test_what_a_living_process_holds_is_left_to_it(self) -> None:
        ids = self.store(2)
        self.held(ids)
        sweep.release_lost()
        assert self.states(ids) == ["pending"] * 2

    def test_what_a_dead_process_held_is_counted_and_published_one_by_one(self) -> None:
        ids = self.store(3)
        self.held(ids)
        sign("here", [2])
        sweep.release_lost()
        rows = [self.stored(identity) for identity in ids]
        assert [(row.status, row.attempts, row.round) for row in rows] == [("created", 1, 1)] * 3
        assert sorted((message.round, message.ids) for message in self.broker.sent()) == [(1, (i,)) for i in ids]

    def test_what_a_dead_worker_held_comes_back_once_another_can_witness_it(self) -> None:
        ids = self.store(2)
        self.held(ids)
        Worker.objects.all().delete()
        sweep.release_lost()  # an outage of the database looks like this: nobody has signed
        assert self.states(ids) == ["pending"] * 2
        sign("there", [7], since=2)  # not for long enough
        sweep.release_lost()
        assert self.states(ids) == ["pending"] * 2
        sign("there", [7], since=60)
        sweep.release_lost()
        assert self.states(ids) == ["created"] * 2

    def test_what_is_held_beyond_every_time_limit_comes_back_from_a_living_process(self) -> None:
        ids = self.store(1)
        claimed_since(self.held(ids), 3600)
        sweep.release_lost()
        assert self.states(ids) == ["created"]

    def test_a_new_process_of_the_same_name_gives_back_what_the_old_one_held(self) -> None:
        ids = self.store(2)
        self.held(ids[:1])
        run(Process("here/1"), self.work, ids[1:])
        assert self.states(ids) == ["created", "success"]
        assert self.stored(ids[0]).attempts == 1

    def test_only_what_is_left_of_a_message_comes_back(self) -> None:
        ids = self.store(3)
        self.held(ids)
        self.kind.objects.cancel(ids[:1])
        self.kind.objects.filter(pk=ids[1]).update(round=1)  # retried meanwhile
        assert claims.release(Claim.objects.get()) == [(ids[2], "tasks")]
        assert [self.stored(identity).attempts for identity in ids] == [0, 0, 1]

    def test_a_batch_comes_back_to_its_own_queue(self) -> None:
        batch = self.batch(2)
        ids = list(self.kind.objects.filter(batch_id=batch.pk).order_by("id").values_list("id", flat=True))
        self.broker.sent()
        self.held(ids)
        sign("here", [2])
        sweep.release_lost()
        assert {message.queue for message in self.broker.sent()} == {"batches"}

    def test_what_kills_its_worker_each_time_fails_with_that_reason(self) -> None:
        (identity,) = self.store()
        for attempt in range(self.work.max_attempts):
            assert self.stored(identity).status == "created"
            self.held([identity], round=attempt, pid=10 + attempt)
            sweep.release_lost()
        row = self.row(identity)
        assert (row.status, row.attempts) == ("failed", self.work.max_attempts)
        assert row.error == row.sentence == say(DIED, n=self.work.max_attempts)
        assert row.sentence.template == DIED
        assert [message.round for message in self.broker.sent()] == list(range(1, self.work.max_attempts))
        assert row.create_time <= row.start_time <= row.update_time or row.start_time

    def test_a_task_survives_as_many_deaths_as_it_may(self) -> None:
        (identity,) = self.store()
        for attempt in range(self.work.max_attempts - 1):
            self.held([identity], round=attempt, pid=10 + attempt)
            sweep.release_lost()
        self.broker.work()
        row = self.stored(identity)
        assert (row.status, row.attempts) == ("success", self.work.max_attempts)
