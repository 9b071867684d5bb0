"""What cannot be taken is refused with a sentence, nothing is stored, and nothing unknown is ignored."""

import json
from typing import Any

from django.db import models

from durable.testing.suite import Suite, creates, is_text

HARMFUL = ("a\0b", "a\ud800b")  # a NUL, and half of a surrogate pair


class Validation(Suite):
    """Of the API's bodies and parameters."""

    def refuses(self, body: Any, *names: str, address: str = "") -> None:
        """422 in the one error shape, with a sentence for each of these fields."""
        answer = self.post(address or self.api, body)
        assert answer.status_code == 422, (body, answer.content.decode())
        told = answer.json()
        assert told["error"].endswith("."), told
        for name in names:
            assert told["fields"][name], told
        assert self.count() == 0, body

    @creates
    def test_an_unknown_field_is_refused(self) -> None:
        inputs = self.examples[0][0]
        for name in ("no_such_field", "status", "id", "worker", *self.work.outputs):
            self.refuses({**inputs, name: "1"}, name)

    @creates
    def test_a_missing_input_is_refused_unless_it_is_optional(self) -> None:
        inputs = self.examples[0][0]
        for name in set(self.work.inputs) - set(self.work.optional):
            self.refuses({key: value for key, value in inputs.items() if key != name}, name)

    @creates
    def test_an_optional_input_may_be_left_out(self) -> None:
        needed = {name: value for name, value in self.examples[0][0].items() if name not in self.work.optional}
        answer = self.post(self.api, needed)
        assert answer.status_code == 201, answer.content.decode()
        row = self.stored(answer.json()["id"])
        assert {name: getattr(row, name) for name in self.work.optional} == self.work.optional

    @creates
    def test_what_cannot_be_taken_is_refused(self) -> None:
        for inputs in self.refused:
            self.refuses(dict(inputs))

    @creates
    def test_a_value_of_another_type_is_refused(self) -> None:
        inputs = self.examples[0][0]
        for name in self.work.inputs:
            if not isinstance(self.work.fields[name], models.JSONField):
                for value in list[Any]([[], {}, ["1"]]):
                    self.refuses({**inputs, name: value}, name)

    @creates
    def test_characters_that_are_no_text_are_refused(self) -> None:
        inputs = self.examples[0][0]
        for name in self.work.inputs:
            if is_text(self.work.fields[name]):
                for value in HARMFUL:
                    self.refuses({**inputs, name: value}, name)

    @creates
    def test_a_text_that_is_too_long_is_refused(self) -> None:
        inputs = self.examples[0][0]
        for name in self.work.inputs:
            field = self.work.fields[name]
            if is_text(field) and field.max_length:
                self.refuses({**inputs, name: "1" * (field.max_length + 1)}, name)

    @creates
    def test_a_body_that_is_no_task_is_refused(self) -> None:
        for body in ([], "1", 1, None, [dict(self.examples[0][0])]):
            answer = self.post(self.api, json.dumps(body))
            assert answer.status_code in {400, 422}, body
        assert self.post(self.api, "{").status_code == 400
        assert self.count() == 0

    @creates
    def test_an_unknown_parameter_of_the_list_is_refused(self) -> None:
        for query in ({"stauts": "failed"}, {"status": "no such"}, {"limit": "0"}, {"before": "x"}):
            assert self.client.get(self.api, query).status_code == 422, query

    @creates
    def test_a_mistyped_filter_never_changes_everything(self) -> None:
        ids = self.store(3)
        for action in ("cancel", "retry"):
            answer = self.post(f"{self.api}/{action}", {"expected": 5000, "stauts": "failed"})
            assert answer.status_code == 422
            assert self.client.get(f"{self.api}/matching", {"action": action, "stauts": "failed"}).status_code == 422
        assert self.states(ids) == ["created"] * 3
