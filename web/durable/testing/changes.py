"""What has changed: told from a cursor on, nothing missed, however often it is asked."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from durable import actions, claims, listing
from durable.claimed import Claim
from durable.claims import Process
from durable.testing.processes import run, take
from durable.testing.suite import Suite


class Changes(Suite):
    """By the API's `since`."""

    @pytest.fixture(autouse=True)
    def settled(self, product: None) -> None:
        """Changes are told once: nothing commits late here."""
        self.monkeypatch.setattr(listing, "SETTLED", timedelta(0))

    def told(self, since: str, **filters: Any) -> tuple[list[tuple[int, str]], str]:
        """The changes, and the next cursor."""
        answer = self.get(self.api, since=since, **filters)
        assert not answer["more"]
        return [(task["id"], task["status"]) for task in answer["items"]], answer["since"]

    def test_every_change_of_a_task_is_told(self) -> None:
        since = self.get(self.api)["since"]
        (identity,) = self.store()
        process = Process("here/1")
        steps: list[tuple[str, Callable[[], Any]]] = [
            ("created", lambda: None),
            ("pending", lambda: take(process, self.work, [identity])),
            ("created", lambda: claims.release(Claim.objects.get())),
            ("cancelled", lambda: actions.cancel_task(kind=self.work, task_id=identity)),
            ("created", lambda: actions.retry_task(kind=self.work, task_id=identity)),
            ("success", lambda: run(process, self.work, [identity], round=2)),
        ]
        for status, step in steps:
            step()
            changes, since = self.told(since)
            assert changes == [(identity, status)]
        assert self.told(since)[0] in ([], [(identity, "success")])

    def test_changes_are_told_oldest_first_and_only_what_matches(self) -> None:
        ids = self.store(5)
        since = self.get(self.api)["since"]
        run(Process("here/1"), self.work, ids[3:4])
        self.kind.objects.cancel(ids[:1])
        told = [task for task in self.get(self.api, since=since)["items"] if task["status"] != "created"]
        assert {(task["id"], task["status"]) for task in told} == {(ids[3], "success"), (ids[0], "cancelled")}
        assert told == sorted(told, key=lambda task: (task["update_time"], task["id"]))
        assert self.told(since, status="cancelled")[0] == [(ids[0], "cancelled")]

    def test_a_page_and_the_changes_since_miss_nothing(self) -> None:
        self.store(2)
        page = self.get(self.api)
        later = self.store(2)
        changes, _ = self.told(page["since"])
        assert {identity for identity, _ in changes} >= set(later)

    def test_too_much_to_tell_is_said(self) -> None:
        since = self.get(self.api)["since"]
        ids = self.store(7)
        found = listing.changes(self.work, since=since, size=3)
        assert ([task.pk for task in found.tasks], found.more) == (ids[:3], True)
        rest = listing.changes(self.work, since=found.since, size=500)
        assert [task.pk for task in rest.tasks] == ids[3:]

    def test_a_cursor_that_came_from_elsewhere_is_refused(self) -> None:
        for cursor in ("", "x", "1", "1-2-3", "-1-1"):
            assert self.client.get(self.api, {"since": cursor}).status_code == 422, cursor

    def test_what_changed_in_one_moment_is_told_piece_by_piece(self) -> None:
        ids, since = self.store(7), self.get(self.api)["since"]
        self.kind.objects.cancel(ids)  # one statement, one time
        found = list[int]()
        for _ in range(4):
            answer = listing.changes(self.work, since=since, size=3)
            found += [task.pk for task in answer.tasks if task.status == "cancelled"]
            since = answer.since
        assert found == ids
