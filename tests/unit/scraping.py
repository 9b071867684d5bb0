"""/metrics as Prometheus reads it, with nothing remembered."""

from collections.abc import Iterator

import pytest
from django.core.cache import cache
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import Settings
from rows import KIND

from durable import tallies, tasks
from durable.http import metrics as answering
from durable.stats import Memory

Labels = frozenset[tuple[str, str]]


@pytest.fixture(autouse=True)
def fresh(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A cache in memory, nothing remembered, no broker."""
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    cache.clear()
    tallies.tallies.reset()
    monkeypatch.setattr(answering, "memory", Memory("metrics", answering.count))
    monkeypatch.setattr(tasks, "send", lambda *_, **__: None)
    monkeypatch.setattr("durable.services.publisher.put_many", lambda *_: None)
    yield
    cache.clear()


class Told:
    """What /metrics says now."""

    def __init__(self) -> None:
        answering.memory.until = 0.0
        cache.clear()
        response = Client().get("/metrics")
        assert response.status_code == 200
        assert response["Content-Type"].startswith("text/plain; version=0.0.4")
        self.text = response.content.decode()
        self.families = {family.name: family for family in text_string_to_metric_families(self.text)}
        self.samples: dict[tuple[str, Labels], float] = {}
        for family in self.families.values():
            for sample in family.samples:
                key = (sample.name, frozenset(sample.labels.items()))
                assert key not in self.samples, key
                self.samples[key] = sample.value

    def value(self, name: str, **labels: str) -> float:
        """One sample; what is not named is the first kind."""
        kinds_own = any(name == each and "kind" in dict(names) for each, names in self.samples)
        return self.samples[name, frozenset({**({"kind": KIND.name} if kinds_own else {}), **labels}.items())]

    def monotonic(self) -> dict[tuple[str, Labels], float]:
        """All that may only grow."""
        ends = ("_total", "_bucket", "_count", "_sum")
        return {key: value for key, value in self.samples.items() if key[0].endswith(ends)}
