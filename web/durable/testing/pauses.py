"""Pausing and resuming a kind: nothing runs, nothing is lost, nobody who creates notices."""

from typing import Any

import pytest
from django.core.management import call_command

from durable import pauses, sweep
from durable.by import NOBODY
from durable.claims import Process
from durable.events import Event
from durable.testing.processes import run, sign, take
from durable.testing.suite import Suite


class Pauses(Suite):
    """By the service and the command; who may is the site's matter."""

    def pause(self) -> None:
        """Pause it, as a worker that has not asked for a second learns it."""
        assert pauses.pause(kind=self.work, by=NOBODY)
        pauses.gate.until = 0.0

    def test_the_messages_of_a_paused_kind_are_dropped_unclaimed(self) -> None:
        ids = self.store(2)
        self.pause()
        assert run(Process("here/1"), self.work, ids).claimed == 0
        rows = [self.stored(identity) for identity in ids]
        assert {(row.status, row.attempts, row.round) for row in rows} == {("created", 0, 0)}

    def test_what_runs_when_it_is_paused_ends(self) -> None:
        (identity,) = self.store()
        process = Process("here/1")
        held, (row,) = take(process, self.work, [identity])
        self.pause()
        assert self.states([identity]) == ["pending"]
        assert held.kind.perform(row) is not None or not self.work.outputs

    def test_creating_goes_on_and_resuming_runs_all_of_it(self) -> None:
        sign("here", [1])
        self.pause()
        ids = [*self.store(2), self.create(self.examples[0][0])]
        batch = self.batch(2)
        self.broker.work()
        assert self.states(ids) == ["created"] * 3
        assert pauses.resume(kind=self.work, by=NOBODY)
        sweep.go_on()
        self.broker.work()
        assert self.states(ids) == ["success"] * 3
        assert set(self.kind.objects.filter(batch_id=batch.pk).values_list("status", flat=True)) == {"success"}
        assert not pauses.Pause.objects.exists()

    def test_a_worker_that_knew_of_the_pause_takes_the_first_message_after_it(self) -> None:
        (identity,) = self.store()
        self.pause()
        run(Process("here/1"), self.work, [identity])
        pauses.resume(kind=self.work, by=NOBODY)
        run(Process("here/1"), self.work, [identity])
        assert self.states([identity]) == ["success"]

    def test_the_sweep_leaves_a_paused_kind_alone(self) -> None:
        sign("here", [1])
        self.store(2)
        self.kind.objects.update(update_time="2026-01-01T00:00Z")
        self.pause()
        self.monkeypatch.setattr(sweep, "depths_of", lambda queues: dict.fromkeys(queues, 0))
        sweep.find_forgotten()
        assert self.broker.sent() == []

    def test_a_resumption_that_was_cut_off_is_made_up_for(self) -> None:
        ids = self.store(2)
        self.pause()
        pauses.resume(kind=self.work, by=NOBODY)

        def dies(*_: Any, **__: Any) -> None:
            raise ConnectionError

        with self.monkeypatch.context() as patched:
            patched.setattr(sweep, "republish_kind", dies)
            with pytest.raises(ConnectionError):
                sweep.go_on()
        sweep.go_on()
        self.broker.work()
        assert self.states(ids) == ["success"] * 2

    def test_it_is_told_and_noted_once(self) -> None:
        assert self.get(f"{self.api}/stats" if not self.work.first else "/api/stats")["paused"] is False
        call_command("pause", self.work.name)
        call_command("pause", self.work.name)
        assert b"paused: new ones are kept" in self.client.get(self.page).content
        assert b"paused: new ones are kept" in self.page_with_a_worker()
        call_command("resume", self.work.name)
        call_command("resume", self.work.name)
        assert b"paused: new ones are kept" not in self.page_with_a_worker()
        told = Event.objects.filter(kind=self.work.name).order_by("id").values_list("what", "by")
        assert list(told) == [("pause", "run.sh"), ("resume", "run.sh")]

    def page_with_a_worker(self) -> bytes:
        """Its page, where somebody would run its tasks."""
        sign("here", [1])
        return bytes(self.client.get(self.page).content)
