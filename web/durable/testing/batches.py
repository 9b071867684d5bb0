"""Many tasks at once: all of them or none, in their order, and out again with what came of them."""

import csv
import io
import itertools
import json
from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from durable import actions, messages
from durable.filters import Filters
from durable.http.sizes import MAX_BODY
from durable.tasks import run
from durable.testing.suite import Suite, creates, is_text
from durable.testing.validation import HARMFUL

MANY = 2_500  # more than the two thousands that are packed and inserted at once


class Batches(Suite):
    """By the API."""

    def rows(self, count: int) -> list[dict[str, Any]]:
        """The examples, so often, or as often as an upload has room for."""
        longest = max(len(json.dumps(dict(inputs))) for inputs, _ in self.examples)
        most = MAX_BODY // (2 * longest)
        return [dict(inputs) for inputs in itertools.islice(self.inputs, min(count, most))]

    def send(self, body: Any, **headers: str) -> Any:
        """Upload; bytes are CSV."""
        if isinstance(body, bytes):
            return self.client.post(self.uploads, body, content_type="text/csv", headers=headers)
        return self.post(self.uploads, body, **headers)

    def accepted(self, body: Any) -> int:
        """Upload what is right; the batch's id."""
        answer = self.send(body)
        assert answer.status_code == 201, answer.content.decode()[:500]
        return int(answer.json()["id"])

    def are_stored(self, batch: int, rows: Sequence[Mapping[str, Any]]) -> None:
        """Exactly these, in their order."""
        found = list(self.kind.objects.filter(batch_id=batch).order_by("id").values_list(*self.work.inputs))
        assert found == [self.given(row) for row in rows]

    @creates
    def test_a_csv_file_is_stored_row_by_row(self) -> None:
        rows = self.rows(MANY)
        batch = self.accepted(self.csv(rows))
        self.are_stored(batch, rows)
        assert self.get(f"/api/batches/{batch}")["total"] == len(rows)

    @creates
    def test_json_is_stored_row_by_row(self) -> None:
        rows = self.rows(MANY)
        self.are_stored(self.accepted({"tasks": rows}), rows)
        self.are_stored(self.accepted(rows), rows)

    @creates
    def test_columns_may_come_in_any_order_and_optional_ones_not_at_all(self) -> None:
        rows, names = self.rows(3), tuple(reversed(self.work.inputs))
        self.are_stored(self.accepted(self.csv(rows, names)), rows)
        needed = [name for name in names if name not in self.work.optional]
        lean = [{name: row[name] for name in needed} for row in rows]
        self.are_stored(self.accepted(self.csv(lean, needed)), lean)
        self.are_stored(self.accepted(lean), lean)

    @creates
    def test_one_bad_line_stores_nothing_and_is_named(self) -> None:
        rows = self.rows(1_200)
        file, (_, line) = self.csv(rows), self.csv(rows[:1]).split(b"\r\n", 1)
        answer = self.send(file + line.removesuffix(b"\r\n") + b",more\r\n" + line)
        assert answer.status_code == 422
        assert answer.json()["bad"] == 1
        last = file.count(b"\n") + line.count(b"\n")  # of the bad one, which a value may spread over several
        assert [bad["line"] for bad in answer.json()["lines"]] == [last]
        for bad in ({**rows[0], "no_such_field": "1"}, {}, *self.refused):
            answer = self.send([*rows, dict(bad), rows[0]])
            assert answer.status_code == 422, bad
            assert [line["line"] for line in answer.json()["lines"]] == [len(rows) + 1]
        assert self.count() == 0
        assert not self.broker.sent()

    @creates
    def test_characters_that_are_no_text_shift_no_column(self) -> None:
        rows = self.rows(1_200)
        for name in filter(lambda name: is_text(self.work.fields[name]), self.work.inputs):
            for value in HARMFUL:
                answer = self.send([*rows, {**rows[0], name: value}])
                assert answer.status_code == 422
        assert self.count() == 0

    @creates
    def test_what_is_no_batch_is_refused(self) -> None:
        bodies: list[Any] = [
            b"no,such,columns\r\n1,2,3\r\n",
            self.csv([]),
            {"tasks": []},
            {"rows": []},
            "1",
            "[1]",
            "[{}",
        ]
        for body in bodies:
            answer = self.send(body)
            assert answer.status_code == 422, body
            assert answer.json()["error"].endswith("."), body
        assert self.count() == 0

    @creates
    def test_the_same_key_again_answers_with_the_same_batch(self) -> None:
        rows, key = self.rows(5), {"Idempotency-Key": "k"}
        first, again = self.send(rows, **key), self.send(self.csv(rows), **key)
        assert (first.status_code, again.status_code) == (201, 200)
        assert first.json()["id"] == again.json()["id"]
        assert self.send(rows[:-1], **key).status_code == 409
        assert self.count() == len(rows)

    @creates
    def test_a_batch_is_published_in_messages_of_their_size(self) -> None:
        batch = self.accepted(self.rows(1_100))
        sent = self.broker.sent()
        ids = list(self.kind.objects.filter(batch_id=batch).order_by("id").values_list("id", flat=True))
        assert [identity for message in sent for identity in message.ids] == ids
        assert {(message.kind, message.round, message.queue) for message in sent} == {(self.work.name, 0, "batches")}
        assert max(len(message.ids) for message in sent) == min(messages.MOST, len(ids))

    @creates
    def test_a_worker_takes_a_portion_of_a_message_and_sends_the_rest_back_before_it_begins(self) -> None:
        batch = self.accepted(self.rows(9))
        self.monkeypatch.setattr(settings, "TASKS_PER_MESSAGE", 2)
        ids = list(self.kind.objects.filter(batch_id=batch).order_by("id").values_list("id", flat=True))
        perform, seen = self.kind.perform, list[tuple[int, ...]]()

        def looking(row: Any) -> Any:
            seen.append(self.broker.messages[-1].ids if self.broker.messages else ())
            return perform(row)

        self.monkeypatch.setattr(self.kind, "perform", staticmethod(looking))
        self.broker.work()
        assert self.states(ids) == ["success"] * len(ids)
        size = messages.size(self.work)
        assert seen == [tuple(ids[place // size * size + size :]) for place in range(len(ids))]
        assert {self.stored(identity).round for identity in ids} == {0}  # nothing of the rest was touched

    @creates
    def test_a_message_of_cancelled_tasks_is_dropped_by_one_statement(self) -> None:
        batch = self.accepted(self.rows(40))
        self.monkeypatch.setattr(settings, "TASKS_PER_MESSAGE", 2)
        rows = self.kind.objects.filter(batch_id=batch).order_by("id")
        actions.cancel_matching(kind=self.work, filters=Filters(batch=batch), expected=40)
        (message,) = self.broker.sent()
        with CaptureQueriesContext(connection) as asked:
            run(message.kind, message.round, list(message.ids))
        assert len(asked.captured_queries) == 1
        assert self.broker.sent() == []
        actions.retry_task(kind=self.work, task_id=rows[7].pk)
        self.broker.work()
        assert [row.status for row in rows] == ["cancelled"] * 7 + ["success"] + ["cancelled"] * 32

    @creates
    def test_progress_and_results_tell_what_came_of_each(self) -> None:
        rows = [*self.rows(2 * len(self.examples)), *map(dict, self.failing)]
        address = f"/api/batches/{self.accepted(rows)}"
        assert self.get(address)["counts"]["created"] == len(rows)
        self.are_told(address, rows, done=False)
        self.broker.work()
        counts = self.get(address)["counts"]
        assert (counts["success"], counts["failed"]) == (2 * len(self.examples), len(self.failing))
        assert sum(counts.values()) == len(rows)
        self.are_told(address, rows, done=True)

    def are_told(self, address: str, rows: Sequence[Mapping[str, Any]], done: bool) -> None:
        """results.csv has a line for each row, in their order."""
        answer = self.client.get(f"{address}/results.csv")
        lines = list(csv.DictReader(io.StringIO(answer.getvalue().decode())))
        assert len(lines) == len(rows)
        expected = [outputs for _, outputs in self.examples] * 2
        for place, (line, row) in enumerate(zip(lines, rows, strict=True)):
            cells = {name: cell.removeprefix("'") for name, cell in line.items()}  # what would be a formula has one
            kept = zip(self.work.inputs, self.given(row), strict=True)
            assert all(self.same(name, cells[name] or self.work.optional.get(name), value) for name, value in kept)
            if not done:
                assert (cells["status"], cells["error"]) == ("created", "")
            elif place < len(expected):
                assert cells["status"] == "success"
                assert self.outputs_are(cells, expected[place])
            else:
                assert cells["status"] == "failed"
                assert cells["error"]
