"""What all parts of the suite share: the kind with its examples, rows of it, and a client."""

import csv
import io
import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest
from django.core.cache import cache
from django.db import models
from django.test import Client

from durable import bounds, listing, pauses, services, stats
from durable.batches import Reader
from durable.kinds import Kind
from durable.models import Batch
from durable.states import Status
from durable.testing.broker import broker, publisher
from durable.testing.database import keep_in_a_file
from durable.testing.processes import ago

PLAIN = "django.contrib.staticfiles.storage.StaticFilesStorage"
Example = tuple[Mapping[str, Any], Mapping[str, Any]]
keep_in_a_file()
creates = pytest.mark.usefixtures("creates")  # a test that sends the kind's inputs over HTTP


class Suite:
    """The base of each part."""

    pytestmark = pytest.mark.django_db(transaction=True)

    kind: ClassVar[Any]
    examples: ClassVar[Sequence[Example]]
    failing: ClassVar[Sequence[Mapping[str, Any]]] = ()
    refused: ClassVar[Sequence[Mapping[str, Any]]] = ()

    broker = broker

    @pytest.fixture(autouse=True)
    def product(self, monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path) -> Iterator[None]:
        """The product as it is, but for a broker that only remembers, a cache of this process, and plain files."""
        settings.TASK_SECONDS, settings.STATIC_ROOT = 0, tmp_path
        settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
        settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": PLAIN}}
        cache.clear()
        stats.memories.clear()
        bounds.waiting.clear()
        pauses.gate.until = 0.0
        for room in ("services", "actions"):
            monkeypatch.setattr(f"durable.{room}.publisher", publisher)
        monkeypatch.setattr("durable.tasks.run.apply_async", broker.apply_async)
        monkeypatch.setattr(self.work, "backoff", lambda attempts: 0.0)  # Tries says otherwise
        self.client, self.monkeypatch = Client(), monkeypatch
        broker.sent()
        yield
        broker.sent()

    @pytest.fixture
    def creates(self) -> None:
        """For kinds alone whose tasks can be created over HTTP."""
        if not self.work.creatable:
            pytest.skip("the tasks of this kind are not created over HTTP: Work.creatable is False")

    @property
    def work(self) -> Kind:
        """The kind, compiled."""
        kind: Kind = self.kind.kind
        return kind

    # --- addresses ---

    @property
    def api(self) -> str:
        """Where its tasks are in the API."""
        return f"/api/{self.work.api}"

    @property
    def uploads(self) -> str:
        """Where its batches are sent to; what came of them is at /api/batches, whatever the kind."""
        return "/api/batches" if self.work.first else f"{self.api}/batches"

    @property
    def page(self) -> str:
        """Its page."""
        return f"/{self.work.page}"

    # --- examples ---

    @property
    def inputs(self) -> Iterator[Mapping[str, Any]]:
        """Inputs without end, the examples in turn."""
        return itertools.cycle([inputs for inputs, _ in self.examples])

    def values(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Inputs as the service takes them."""
        return {name: self.work.check(name, value) for name, value in inputs.items()}

    def given(self, inputs: Mapping[str, Any]) -> tuple[Any, ...]:
        """All inputs as they are kept, in their order."""
        full = {**self.work.optional, **self.values(inputs)}
        return tuple(full[name] for name in self.work.inputs)

    def same(self, name: str, found: Any, expected: Any) -> bool:
        """Whether a column's value is what an example says, however it is spelled."""
        return bool(value_of(self.work, name, found) == value_of(self.work, name, expected))

    def outputs_are(self, found: Mapping[str, Any], expected: Mapping[str, Any]) -> bool:
        """Whether all outputs are those of an example."""
        return all(self.same(name, found[name], expected[name]) for name in self.work.outputs)

    # --- rows ---

    def store(self, count: int = 1) -> list[int]:
        """Store tasks of the examples; their ids. They wait: no message of them is there."""
        made = [self.create(inputs) for inputs in itertools.islice(self.inputs, count)]
        broker.sent()
        return made

    def create(self, inputs: Mapping[str, Any], **more: Any) -> int:
        """Create one by the service; its id."""
        task, _ = services.create_task(kind=self.work, values=self.values(inputs), **more)
        return int(task.pk)

    def batch(self, count: int, inputs: Iterator[Mapping[str, Any]] | None = None, **more: Any) -> Batch:
        """Store a batch by the service."""
        reader, inputs = Reader(self.work), inputs or self.inputs
        for number in range(count):
            given = next(inputs)
            reader.take(number + 1, [given.get(name, self.work.optional.get(name)) for name in self.work.inputs])
        batch, _ = services.create_batch(kind=self.work, rows=reader.finish(), **more)
        return batch

    def fall_due(self, ids: Sequence[int]) -> None:
        """Have the time of the scheduled ones come."""
        self.kind.objects.filter(pk__in=ids, status=Status.SCHEDULED).update(due_time=ago(1))

    def row(self, identity: int) -> Any:
        """A task as people see it."""
        return listing.one(self.work, identity)

    def stored(self, identity: int) -> Any:
        """The row itself."""
        return self.kind.objects.get(pk=identity)

    def states(self, ids: Sequence[int]) -> list[str]:
        """The state of each as people see it."""
        return [str(self.row(identity).status) for identity in ids]

    def count(self) -> int:
        """How many rows there are."""
        return int(self.kind.objects.count())

    # --- requests ---

    def post(self, address: str, body: Any, **headers: str) -> Any:
        """POST JSON."""
        text = body if isinstance(body, str | bytes) else json.dumps(body)
        return self.client.post(address, text, content_type="application/json", headers=headers)

    def get(self, address: str, **parameters: Any) -> Any:
        """The JSON at an address."""
        answer = self.client.get(address, parameters, headers={"Cache-Control": "no-cache"})
        assert answer.status_code == 200, answer.content.decode()
        return answer.json()

    def csv(self, rows: Sequence[Mapping[str, Any]], names: Sequence[str] = ()) -> bytes:
        """Inputs as a file."""
        text, names = io.StringIO(), names or self.work.inputs
        lines = csv.writer(text)
        lines.writerow(names)
        lines.writerows([as_text(row.get(name, self.work.optional.get(name))) for name in names] for row in rows)
        return text.getvalue().encode()


def as_text(value: Any) -> str:
    """A value as a form or a CSV file has it."""
    if value is None:
        return ""
    return json.dumps(value) if isinstance(value, dict | list) else str(value)


def value_of(kind: Kind, name: str, value: Any) -> Any:
    """A value of a column as Python has it, from JSON, from a CSV file or from the row."""
    field = kind.fields[name]
    if isinstance(field, models.JSONField):
        try:
            return json.loads(value)
        except (TypeError, ValueError):  # it is no text, or text that JSON gave
            return value or None
    return None if value == "" and field.null else field.to_python(value)


def is_text(field: "models.Field[Any, Any]") -> bool:
    """Whether a column holds text."""
    return isinstance(field, models.CharField | models.TextField)
