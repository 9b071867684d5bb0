"""A task comes into being once, and is handed to the publisher once its row is committed."""

from functools import partial

import pytest
from django.db import transaction

from durable import services
from durable.by import NOBODY, By
from durable.testing.database import at_once
from durable.testing.suite import Suite, creates


class Creation(Suite):
    """By the service and by the API."""

    def test_there_are_two_different_examples_with_all_outputs(self) -> None:
        assert len({str(self.given(inputs)) for inputs, _ in self.examples}) > 1
        assert all(set(outputs) == set(self.work.outputs) for _, outputs in self.examples)

    def test_a_created_task_waits_with_its_inputs_and_no_outputs(self) -> None:
        for inputs, _ in self.examples:
            row = self.stored(self.create(inputs))
            assert tuple(getattr(row, name) for name in self.work.inputs) == self.given(inputs)
            assert {name: getattr(row, name) for name in self.work.outputs} == self.work.empty
            assert (row.status, row.attempts, row.round, row.error, row.start_time) == ("created", 0, 0, "", None)

    def test_a_row_says_who_made_it_and_keys_are_each_ones_own(self) -> None:
        inputs, who = self.examples[0][0], (NOBODY, By("anne"), By("token:bill"))
        ids = [self.create(inputs, idempotency_key="the same", by=by) for by in who]
        assert [self.stored(identity).created_by for identity in ids] == ["", "anne", "token:bill"]
        batch = self.batch(2, by=By("anne"))
        made = self.kind.objects.filter(batch_id=batch.pk).values_list("created_by", flat=True)
        assert [batch.created_by, *made] == ["anne"] * 3

    def test_each_created_task_is_published_once(self) -> None:
        ids = [self.create(inputs) for inputs, _ in self.examples]
        sent = self.broker.sent()
        assert sorted(identity for message in sent for identity in message.ids) == ids
        assert {(message.kind, message.round, message.queue) for message in sent} == {(self.work.name, 0, "tasks")}

    def test_what_is_rolled_back_was_never_there(self) -> None:
        with pytest.raises(KeyboardInterrupt), transaction.atomic():
            self.create(self.examples[0][0])
            raise KeyboardInterrupt
        assert self.count() == 0
        assert not self.broker.sent()

    @creates
    def test_the_api_creates_it_and_tells_where_it_is(self) -> None:
        for inputs, _ in self.examples:
            answer = self.post(self.api, dict(inputs))
            assert answer.status_code == 201, answer.content.decode()
            told = self.get(answer["Location"])
            assert told == answer.json()
            assert (told["status"], told["attempts"], told["batch"]) == ("created", 0, None)
            kept = zip(self.work.inputs, self.given(inputs), strict=True)
            assert all(self.same(name, told[name], value) for name, value in kept)
            assert set(self.work.outputs) <= set(told)
            assert [message.ids for message in self.broker.sent()] == [(told["id"],)]

    @creates
    def test_the_same_key_again_answers_with_the_same_task(self) -> None:
        inputs, key = dict(self.examples[0][0]), {"Idempotency-Key": "the same"}
        first, second = (self.post(self.api, inputs, **key) for _ in range(2))
        assert (first.status_code, second.status_code) == (201, 200)
        assert first.json()["id"] == second.json()["id"]
        assert self.count() == 1
        assert len(self.broker.sent()) == 1

    @creates
    def test_the_same_key_answers_with_the_task_as_it_is_by_now(self) -> None:
        inputs, outputs = self.examples[0]
        key = {"Idempotency-Key": "the same"}
        self.post(self.api, dict(inputs), **key)
        self.broker.work()
        told = self.post(self.api, dict(inputs), **key).json()
        assert told["status"] == "success"
        assert self.outputs_are(told, outputs)

    @creates
    def test_the_same_key_for_another_task_is_refused(self) -> None:
        (one, _), (other, _) = self.examples[:2]
        assert self.post(self.api, dict(one), **{"Idempotency-Key": "k"}).status_code == 201
        answer = self.post(self.api, dict(other), **{"Idempotency-Key": "k"})
        assert answer.status_code == 409
        assert answer.json()["error"].endswith(".")
        assert self.count() == 1

    def test_keys_are_told_apart_to_the_byte(self) -> None:
        inputs = self.examples[0][0]
        assert len({self.create(inputs, idempotency_key=key) for key in ("key", "Key", "key ", "kéy")}) == 4

    def test_the_same_key_from_many_clients_at_once_makes_one_task(self) -> None:
        values = self.values(self.examples[0][0])
        create = partial(services.create_task, kind=self.work, values=values, idempotency_key="k")
        made = at_once([create] * 4)
        assert len({task.pk for task, _ in made}) == 1
        assert sorted(new for _, new in made) == [False, False, False, True]
        assert self.count() == 1
