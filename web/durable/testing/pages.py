"""The page of the kind: its form, its list, its buttons and its uploads, without a script."""

import io
import itertools
import re
from collections.abc import Mapping
from html import unescape
from typing import Any

from django.conf import settings

from durable.claims import Process
from durable.testing.processes import run
from durable.testing.suite import Suite, as_text, creates

HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)"')


class Pages(Suite):
    """As a browser asks."""

    def html(self, address: str = "", **parameters: Any) -> str:
        """A page."""
        answer = self.client.get(address or self.page, parameters)
        assert answer.status_code == 200, answer.content.decode()[:500]
        return unescape(answer.content.decode())

    def form(self, inputs: Mapping[str, Any]) -> dict[str, str]:
        """What a browser sends for the page's form."""
        key = dict(reversed(HIDDEN.findall(self.html())))["idempotency_key"]  # the first form's
        texts = {name: as_text(value) for name, value in {**self.work.optional, **inputs}.items()}
        return {"idempotency_key": key, **{name: text for name, text in texts.items() if text not in ("", "False")}}

    @creates
    def test_the_page_has_a_control_for_each_input(self) -> None:
        page = self.html()
        for name in self.work.inputs:
            assert re.search(rf'<(input|select|textarea)[^>]* name="{name}"', page), name

    @creates
    def test_the_form_creates_a_task_once(self) -> None:
        for inputs, _ in self.examples:
            before, sent = self.count(), self.form(inputs)
            answers = [self.client.post(self.page, sent) for _ in range(2)]  # a reload sends it again
            assert [answer.status_code for answer in answers] == [303, 303], answers[0].content.decode()[:500]
            assert self.count() == before + 1
            row = self.kind.objects.order_by("-id")[0]
            assert tuple(getattr(row, name) for name in self.work.inputs) == self.given(inputs)

    @creates
    def test_the_form_shows_what_cannot_be_taken_and_stores_nothing(self) -> None:
        for inputs in self.refused:
            answer = self.client.post(self.page, self.form(inputs))
            assert answer.status_code == 422, inputs
        answer = self.client.post(self.page, {})
        if set(self.work.inputs) - set(self.work.optional):
            assert answer.status_code == 422
            assert self.count() == 0

    def test_the_list_shows_each_task_with_its_state(self) -> None:
        ids = self.store(4)
        run(Process("here/1"), self.work, ids[:1])
        self.kind.objects.cancel(ids[1:2])
        for page in (self.html(), self.html(f"{self.page}tasks/now")):
            shown = dict(re.findall(r'data-id="(\d+)" data-status="(\w+)"', page))
            assert [shown[str(identity)] for identity in ids] == ["success", "cancelled", "created", "created"]

    def test_the_list_is_narrowed_by_address(self) -> None:
        ids = self.store(2 * len(self.examples))
        self.kind.objects.cancel(ids[:1])
        assert re.findall(r'data-id="(\d+)"', self.html(status="cancelled")) == [str(ids[0])]
        for name in self.work.filters:
            value = getattr(self.stored(ids[0]), name)
            expected = [str(pk) for pk in ids[::-1] if getattr(self.stored(pk), name) == value]
            assert re.findall(r'data-id="(\d+)"', self.html(**{name: value})) == expected

    def test_a_button_cancels_and_retries(self) -> None:
        (identity,) = self.store()
        for action, status in (("cancel", "cancelled"), ("retry", "created")):
            assert self.client.post(f"{self.page}tasks/act", {action: str(identity)}).status_code == 303
            assert self.states([identity]) == [status]

    def test_all_that_match_are_asked_for_and_changed(self) -> None:
        ids = self.store(3)
        assert "3" in self.html(f"{self.page}tasks/many", action="cancel")
        answer = self.client.post(f"{self.page}tasks/many", {"action": "cancel", "expected": "3"})
        assert answer.status_code == 303
        assert self.states(ids) == ["cancelled"] * 3

    @creates
    def test_a_file_makes_a_batch(self) -> None:
        file = io.BytesIO(self.csv([dict(inputs) for inputs in itertools.islice(self.inputs, 7)]))
        file.name = "tasks.csv"
        answer = self.client.post(f"{self.page}batches/new", {"file": file, "idempotency_key": "k"})
        assert answer.status_code == 303, answer.content.decode()[:500]
        assert self.count() == 7
        assert self.client.get(answer["Location"].partition("#")[0]).status_code == 200

    def test_every_language_has_its_page(self) -> None:
        self.store(2)
        for code, _ in settings.LANGUAGES:
            self.client.cookies[settings.LANGUAGE_COOKIE_NAME] = code
            assert f'lang="{code}"'.lower() in self.html().lower()

    @creates
    def test_the_document_of_the_api_names_its_inputs_and_outputs(self) -> None:
        document = self.get("/api/openapi.json")
        body = document["paths"][self.api]["post"]["requestBody"]["content"]["application/json"]["schema"]
        new = document["components"]["schemas"][body["$ref"].rpartition("/")[2]] if "$ref" in body else body
        assert list(new["properties"]) == [*self.work.inputs, "run_after"]
        assert set(new.get("required", [])) == set(self.work.inputs) - set(self.work.optional)

    @creates
    def test_the_example_of_the_document_is_taken(self) -> None:
        operation = self.get("/api/openapi.json")["paths"][self.api]["post"]
        sent = operation["requestBody"]["content"]["application/json"]["example"]
        answer = self.client.post(self.api, sent, "application/json")
        refused = "give the model an attribute example_<input> for each input that is refused"
        assert answer.status_code == 201, f"{refused}: {answer.content.decode()}"

    def test_the_admin_looks_at_it(self, admin_client: Any) -> None:
        ids, options = self.store(2), self.kind._meta
        where = f"/admin/{options.app_label}/{options.model_name}/"
        for address in (where, f"{where}{ids[0]}/change/"):
            answer = admin_client.get(address)
            assert answer.status_code == 200, address
