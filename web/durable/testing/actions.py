"""Cancelling and retrying, one and many, each in the states in which it is possible."""

from typing import Any

from durable.claims import Process
from durable.testing.processes import run, take
from durable.testing.suite import Suite


class Actions(Suite):
    """By the API."""

    def act(self, identity: int, action: str) -> Any:
        """Cancel or retry one."""
        return self.client.post(f"{self.api}/{identity}/{action}")

    def failed(self, count: int = 1) -> list[int]:
        """Tasks that have failed, by a bug that is mended by now."""
        ids = self.store(count)
        self.kind.objects.filter(pk__in=ids).update(
            status="failed", error="a bug", attempts=3, worker="here/1", start_time="2026-01-01T00:00Z"
        )
        return ids

    def test_a_waiting_task_is_cancelled_and_its_message_runs_nothing(self) -> None:
        (identity,) = self.store()
        answer = self.act(identity, "cancel")
        assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")
        assert run(Process("here/1"), self.work, [identity]).claimed == 0
        assert self.states([identity]) == ["cancelled"]

    def test_a_running_task_is_cancelled(self) -> None:
        (identity,) = self.store()
        take(Process("here/1"), self.work, [identity])
        assert self.act(identity, "cancel").json()["status"] == "cancelled"

    def test_a_failed_task_is_tried_again_as_if_nobody_had(self) -> None:
        (identity,) = self.failed()
        answer = self.act(identity, "retry")
        told = answer.json()
        assert (answer.status_code, told["status"], told["attempts"]) == (200, "created", 0)
        assert (told["error"], told["worker"], told["start_time"]) == ("", "", None)
        self.broker.work()
        row = self.stored(identity)
        assert (row.status, row.attempts, row.error) == ("success", 1, "")

    def test_a_failed_example_may_be_retried_and_fails_again(self) -> None:
        for inputs in self.failing:
            identity = self.create(inputs)
            self.broker.work()
            assert self.act(identity, "retry").status_code == 200
            self.broker.work()
            row = self.stored(identity)
            assert (row.status, row.attempts, row.round) == ("failed", 1, 1)

    def test_what_is_retried_loses_the_outputs_of_before(self) -> None:
        (identity,) = self.store()
        self.broker.work()
        run(Process("here/1"), self.work, [identity])
        self.kind.objects.filter(pk=identity).update(status="failed")
        self.act(identity, "retry")
        row = self.stored(identity)
        assert {name: getattr(row, name) for name in self.work.outputs} == self.work.empty

    def test_it_is_refused_where_it_is_not_possible(self) -> None:
        (identity,) = self.store()
        assert self.act(identity, "retry").status_code == 409
        run(Process("here/1"), self.work, [identity])
        for action in ("cancel", "retry"):
            answer = self.act(identity, action)
            assert (answer.status_code, answer.json()["status"]) == (409, "success")
            assert answer.json()["error"].endswith(".")
        for unknown in (identity + 1_000, 0, 2**63):
            assert self.act(unknown, "cancel").status_code == 404
            assert self.client.get(f"{self.api}/{unknown}").status_code == 404

    def test_all_that_match_are_cancelled_and_retried(self) -> None:
        ids = self.store(4)
        run(Process("here/1"), self.work, ids[:1])
        assert self.get(f"{self.api}/matching", action="cancel") == {"count": 3, "capped": False}
        answer = self.post(f"{self.api}/cancel", {"expected": 3})
        assert answer.json() == {"changed": 3, "more": False}
        assert self.states(ids) == ["success", *["cancelled"] * 3]
        answer = self.post(f"{self.api}/retry", {"expected": 3, "status": "cancelled"})
        assert answer.json() == {"changed": 3, "more": False}
        self.broker.work()
        assert self.states(ids) == ["success"] * 4

    def test_more_than_was_confirmed_changes_nothing(self) -> None:
        ids = self.store(3)
        answer = self.post(f"{self.api}/cancel", {"expected": 2})
        assert (answer.status_code, answer.json()["count"]) == (409, 3)
        assert self.states(ids) == ["created"] * 3

    def test_only_what_matches_is_changed(self) -> None:
        for name in self.work.filters:
            ids = self.store(2 * len(self.examples))
            value = getattr(self.stored(ids[0]), name)
            matching = {pk for pk in ids if getattr(self.stored(pk), name) == value}
            self.post(f"{self.api}/cancel", {"expected": len(ids), name: value})
            assert {pk for pk in ids if self.stored(pk).status == "cancelled"} == matching

    def test_what_is_left_of_a_batch_is_cancelled(self) -> None:
        batch, others = self.batch(3), self.store(1)
        ids = list(self.kind.objects.filter(batch_id=batch.pk).order_by("id").values_list("id", flat=True))
        run(Process("here/1"), self.work, ids[:1])
        answer = self.client.post(f"/api/batches/{batch.pk}/cancel")
        assert (answer.status_code, answer.json()["changed"]) == (200, 2)
        assert self.states([*ids, *others]) == ["success", "cancelled", "cancelled", "created"]
