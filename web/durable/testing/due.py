"""Due times: what is to begin later waits as `scheduled`, costs nothing meanwhile, and begins when it is due."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils import timezone
from kombu.exceptions import OperationalError as BrokerError

from durable import batches, bounds, due, listing, stats, sweep
from durable.celery.broker import SINGLE
from durable.claims import Process
from durable.due import publish_due
from durable.filters import Filters
from durable.models import Batch
from durable.testing.processes import run
from durable.testing.suite import Suite, creates

BAD: tuple[Any, ...] = (
    "soon", "-5", -5, True, [], {"in": 5}, "2026-01-31", "2026-01-31T12:00:00", "2026-02-31T12:00:00Z",
    "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00", 1e12, "1769860800", "1e3", "٩",
)  # fmt: skip


class Due(Suite):
    """By the API and by CSV."""

    def ask_for(self, run_after: Any, **headers: str) -> Any:
        """POST the first example, to begin then."""
        return self.post(self.api, {**self.examples[0][0], "run_after": run_after}, **headers)

    def scheduled(self, count: int = 1) -> list[int]:
        """Tasks that begin in an hour."""
        return [self.create(self.examples[0][0], run_after=3600) for _ in range(count)]

    @creates
    def test_it_waits_for_its_time_without_a_message(self) -> None:
        soon = timezone.now() + timedelta(hours=1)
        for run_after in (3600, 3600.0, "3600", soon.isoformat(), f"{soon:%Y-%m-%dT%H:%M:%SZ}"):
            answer = self.ask_for(run_after)
            told = answer.json()
            assert (answer.status_code, told["status"], told["attempts"]) == (201, "scheduled", 0), told
            row = self.stored(told["id"])
            assert abs(row.due_time - soon) < timedelta(seconds=5)
            assert abs(datetime.fromisoformat(told["due_time"]) - row.due_time) < timedelta(seconds=0.01)
            assert self.get(f"{self.api}/{row.pk}")["due_time"] is not None
        publish_due()
        assert self.broker.sent() == []
        assert sweep.overdue(self.work, SINGLE, timezone.now() + timedelta(days=1)) == []

    @creates
    def test_what_has_no_time_or_one_in_the_past_begins_at_once(self) -> None:
        for run_after in (None, "", 0, "0", "2020-01-31T12:00:00Z", datetime(2020, 1, 31, tzinfo=UTC).isoformat()):
            told = self.ask_for(run_after).json()
            assert (told["status"], told["due_time"]) == ("created", None)
        assert sum(len(message.ids) for message in self.broker.sent()) == 6

    @creates
    def test_what_is_no_time_is_refused_with_a_sentence(self) -> None:
        for run_after in BAD:
            answer = self.ask_for(run_after)
            assert answer.status_code == 422, run_after
            assert answer.json()["fields"]["run_after"][0].endswith("."), run_after
        assert self.count() == 0

    def test_when_its_time_has_come_it_runs_once(self) -> None:
        ids, others = self.scheduled(3), self.scheduled(2)
        self.fall_due(ids)
        publish_due()
        publish_due()
        assert [(message.round, message.ids, message.queue) for message in self.broker.messages] == [
            (1, tuple(ids), SINGLE)
        ]
        assert self.states(ids) == ["created"] * 3
        assert {self.stored(identity).due_time for identity in ids} == {None}
        self.broker.work()
        assert self.states([*ids, *others]) == ["success"] * 3 + ["scheduled"] * 2
        assert {self.stored(identity).attempts for identity in ids} == {1}

    def test_many_are_begun_chunk_by_chunk_the_oldest_first(self) -> None:
        self.monkeypatch.setattr(due, "CHUNK", 2)
        ids = self.scheduled(5)
        self.fall_due(ids)
        self.kind.objects.filter(pk=ids[-1]).update(due_time=timezone.now() - timedelta(days=1))
        assert ids[-1] in [row.id for row in due.begin(self.work)]
        publish_due()
        assert self.states(ids) == ["created"] * 5

    def test_another_that_was_first_publishes_it(self) -> None:
        ids = self.scheduled(2)
        self.fall_due(ids)
        assert [row.id for row in due.begin(self.work)] == ids
        assert due.begin(self.work) == []

    def test_what_is_due_while_the_broker_is_away_is_brought_by_the_sweep(self) -> None:
        ids = self.scheduled(2)
        self.fall_due(ids)

        def away(*_: Any, **__: Any) -> None:
            raise BrokerError("away")

        with self.monkeypatch.context() as patch:
            patch.setattr("durable.tasks.run.apply_async", away)
            publish_due()
        assert self.states(ids) == ["created"] * 2
        sweep.republish(SINGLE, timezone.now() + timedelta(seconds=1))
        self.broker.work()
        assert self.states(ids) == ["success"] * 2

    def test_it_is_cancelled_like_any_other(self) -> None:
        one, *rest = self.scheduled(4)
        told = self.client.post(f"{self.api}/{one}/cancel").json()
        assert (told["status"], told["due_time"]) == ("cancelled", None)
        assert self.get(f"{self.api}/matching", action="cancel", status="scheduled")["count"] == 3
        answer = self.post(f"{self.api}/cancel", {"expected": 3, "status": "scheduled"})
        assert answer.json() == {"changed": 3, "more": False}
        self.fall_due([one, *rest])
        publish_due()
        assert self.broker.sent() == []
        assert self.states([one, *rest]) == ["cancelled"] * 4

    def test_a_retry_begins_it_at_once(self) -> None:
        (identity,) = self.scheduled()
        assert self.client.post(f"{self.api}/{identity}/retry").status_code == 409
        self.client.post(f"{self.api}/{identity}/cancel")
        assert self.client.post(f"{self.api}/{identity}/retry").json()["status"] == "created"
        self.broker.work()
        assert self.states([identity]) == ["success"]

    def test_lists_and_counts_know_it(self) -> None:
        waiting, ids = self.store(2), self.scheduled(3)
        assert [task["id"] for task in self.get(self.api, status="scheduled")["items"]] == ids[::-1]
        assert [task["id"] for task in self.get(self.api, status="created")["items"]] == waiting[::-1]
        counts = stats.count(self.work)["counts"]
        assert (counts["scheduled"], counts["created"], counts["pending"]) == (3, 2, 0)
        page = self.client.get(self.page).content.decode()
        assert page.count('class="due"') == 3

    def test_its_beginning_is_told_as_a_change(self) -> None:
        (identity,) = self.scheduled()
        since = self.get(self.api)["since"]
        self.fall_due([identity])
        publish_due()
        assert (identity, "created") in [
            (task["id"], task["status"]) for task in self.get(self.api, since=since)["items"]
        ]

    @creates
    def test_the_same_key_answers_with_the_same_task(self) -> None:
        key = {"Idempotency-Key": "k"}
        first, again = self.ask_for(3600, **key), self.ask_for(3600, **key)
        assert (first.status_code, again.status_code) == (201, 200)
        assert first.json()["id"] == again.json()["id"]
        assert self.count() == 1

    @creates
    def test_a_batch_may_say_when_each_begins(self) -> None:
        rows = [dict(inputs) for inputs, _ in self.examples[:2]]
        names, lines = self.csv(rows[:1]).split(b"\r\n", 1)[0].decode(), self.lines(rows)
        csv = f"{names},run_after\r\n{lines[0]},3600\r\n{lines[1]},\r\n".encode()
        tasks = [{**rows[0], "run_after": 3600}, rows[1]]
        for body in (csv, tasks):
            kind = "text/csv" if body is csv else "application/json"
            answer = self.client.post(self.uploads, body, content_type=kind)
            assert answer.status_code == 201, answer.content.decode()
            batch = answer.json()["id"]
            later, soon = self.kind.objects.filter(batch_id=batch).order_by("id")
            assert (later.status, soon.status, soon.due_time) == ("scheduled", "created", None)
            assert [message.ids for message in self.broker.sent()] == [(soon.pk,)]
            counts = self.get(f"/api/batches/{batch}")["counts"]
            assert (counts["scheduled"], counts["created"], sum(counts.values())) == (1, 1, 2)
            assert b",scheduled," in self.client.get(f"/api/batches/{batch}/results.csv").getvalue()
            self.fall_due([later.pk])
            publish_due()
            assert {message.queue for message in self.broker.sent()} == {"batches"}
            run(Process("here/1"), self.work, [later.pk], round=1)
            run(Process("here/1"), self.work, [soon.pk])
            assert batches.counts(self.of(batch))["success"] == 2

    def lines(self, rows: list[dict[str, Any]]) -> list[str]:
        """Each as a line of CSV."""
        return [self.csv([row]).decode().split("\r\n", 1)[1].removesuffix("\r\n") for row in rows]

    def of(self, batch: int) -> Any:
        """The batch's row."""
        return Batch.objects.get(pk=batch)

    @creates
    def test_a_bad_time_in_a_batch_stores_nothing_and_is_named(self) -> None:
        rows = [{**self.examples[0][0], "run_after": run_after} for run_after in (5, *BAD)]
        answer = self.post(self.uploads, rows)
        assert (answer.status_code, answer.json()["bad"]) == (422, len(BAD))
        assert all(line["error"].startswith("run_after: ") for line in answer.json()["lines"])
        assert self.count() == 0

    @creates
    def test_what_is_left_of_a_batch_is_cancelled_with_what_is_put_off(self) -> None:
        rows = [{**self.examples[0][0], "run_after": 3600}, dict(self.examples[0][0])]
        batch = self.post(self.uploads, rows).json()["id"]
        assert self.client.post(f"/api/batches/{batch}/cancel").json()["changed"] == 2

    @creates
    def test_what_is_put_off_does_not_count_as_waiting(self) -> None:
        self.monkeypatch.setattr("django.conf.settings.MAX_WAITING_TASKS", 2)
        self.scheduled(3)
        self.store(2)
        bounds.waiting.clear()
        assert self.post(self.api, dict(self.examples[0][0])).status_code == 503
        assert self.ask_for(3600).status_code == 201

    def test_what_is_put_off_lengthens_no_page(self) -> None:
        self.scheduled(4)
        page = listing.page(self.work, filters=Filters(status="created"))
        assert page.tasks == []
