"""/metrics: what it tells is what the rows say, it costs five statements, and it is for nobody outside."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.db.models import F
from django.test import Client
from django.test.utils import CaptureQueriesContext
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import Settings
from rows import KIND, ago, database_away, held, sign, store, take

from durable import actions, metrics, pauses, tallies, tasks, totals
from durable.by import NOBODY
from durable.http import metrics as answering
from durable.leases import CLOCKWORK
from durable.models import Batch, Counter, Lease, Worker
from durable.outcomes import Outcomes, write
from durable.stats import Memory
from durable.tallies import Tally

pytestmark = pytest.mark.django_db(transaction=True)
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


def batch(count: int, **fields: Any) -> list[int]:
    """Store tasks of a batch."""
    one = Batch.objects.create(kind=KIND.name, total=count, fingerprint="")
    return store(count, batch=one, queue="batches", **fields)


def test_what_waits_and_runs_is_told_by_queue() -> None:
    store(3, create_time=ago(40)), batch(5, create_time=ago(400))
    held("w/1", 2, create_time=ago(900)), held("w/2", 1, batch=Batch.objects.get(), queue="batches")
    store(4, status="scheduled", due_time=ago(-60)), store(1, status="scheduled", due_time=ago(7))
    found = Told()
    assert found.value("durable_tasks_waiting", queue="tasks") == 3
    assert found.value("durable_tasks_waiting", queue="batches") == 5
    assert found.value("durable_tasks_running", queue="tasks") == 2
    assert found.value("durable_tasks_running", queue="batches") == 1
    assert 40 <= found.value("durable_oldest_waiting_seconds", queue="tasks") < 60  # the older ones are claimed
    assert 400 <= found.value("durable_oldest_waiting_seconds", queue="batches") < 420
    assert found.value("durable_tasks_scheduled") == 5
    assert 7 <= found.value("durable_late_seconds") < 20
    assert found.value("durable_claims") == 2
    assert 60 <= found.value("durable_oldest_claim_seconds") < 80


def test_what_goes_into_another_round_waits_from_then_on() -> None:
    store(1, create_time=ago(900), update_time=ago(30), round=1, attempts=1)
    assert 30 <= Told().value("durable_oldest_waiting_seconds", queue="tasks") < 50


def test_where_nothing_waits_that_is_a_zero() -> None:
    held("w/1", 2)
    found = Told()
    for queue in ("tasks", "batches"):
        assert found.value("durable_oldest_waiting_seconds", queue=queue) == 0
        assert found.value("durable_tasks_waiting", queue=queue) == 0
    assert found.value("durable_late_seconds") == 0
    assert found.value("durable_oldest_waiting_seconds", kind="reading", queue="tasks") == 0


def test_the_oldest_of_a_batch_is_not_guessed_where_too_much_is_in_front(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "LOOKED", 3)
    store(3), batch(1, create_time=ago(5))
    key = ("durable_oldest_waiting_seconds", frozenset({("kind", KIND.name), ("queue", "batches")}))
    assert key not in Told().samples
    monkeypatch.setattr(metrics, "LOOKED", 4)
    assert key in Told().samples


def test_a_count_of_what_waits_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "COUNTED", 2)
    store(5)
    assert Told().value("durable_tasks_waiting", queue="tasks") == 2


def test_workers_their_slots_and_their_signs_are_told() -> None:
    sign("here", [1, 2, 3])
    sign("gone", [7, 8], beat=30)
    held("here/2", 1), held("gone/7", 1)
    Worker.objects.filter(name="gone").update(consuming=False)
    found = Told()
    states = {state: found.value("durable_workers", state=state) for state in ("consuming", "deaf", "gone")}
    assert states == {"consuming": 1, "deaf": 0, "gone": 1}
    assert (found.value("durable_slots"), found.value("durable_slots_busy")) == (3, 1)
    assert found.value("durable_worker_sign_age_seconds", worker="gone") >= 30
    sign("deaf", [4])
    Worker.objects.filter(name="deaf").update(consuming=False)
    assert Told().value("durable_workers", state="deaf") == 1


def test_whether_somebody_sweeps_is_told() -> None:
    assert Told().value("durable_sweeper") == 0
    Lease.objects.create(name=CLOCKWORK, holder="x", until=ago(-5))
    assert Told().value("durable_sweeper") == 1


def test_a_pause_is_told() -> None:
    assert Told().value("durable_paused") == 0
    pauses.pause(kind=KIND, by=NOBODY)
    assert (Told().value("durable_paused"), Told().value("durable_paused", kind="reading")) == (1, 0)
    pauses.resume(kind=KIND, by=NOBODY)
    assert Told().value("durable_paused") == 0


def test_what_ended_is_told_by_outcome_and_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    fine, bad, unwanted = store(3, create_time=ago(4)), store(task_type="divide", y="0"), store(2)
    before = Told().monotonic()
    assert set(before.values()) == {0}
    tasks.run.apply(args=(KIND.name, 0, [*fine, *bad]), throw=True)
    actions.change_these(KIND, "cancel", unwanted)
    monkeypatch.setattr(type(KIND), "perform", property(lambda self: lambda row: str(1 // 0)))
    with pytest.raises(ZeroDivisionError):
        tasks.run.apply(args=(KIND.name, 0, store(1)), throw=True)
    found = Told()
    ends = {end: found.value("durable_tasks_ended_total", queue="tasks", outcome=end) for end in ("success", "failed")}
    assert ends == {"success": 3, "failed": 1}
    assert found.value("durable_tasks_ended_total", queue="", outcome="cancelled") == 2
    tries = [
        found.value("durable_attempts_total", queue="tasks", outcome=end) for end in ("success", "failed", "again")
    ]
    assert tries == [3, 1, 1]
    assert found.value("durable_waiting_seconds_count", queue="tasks") == 5
    assert 12 <= found.value("durable_waiting_seconds_sum", queue="tasks") < 16
    assert found.value("durable_waiting_seconds_bucket", queue="tasks", le="10.0") == 5
    assert found.value("durable_waiting_seconds_bucket", queue="tasks", le="2.0") == 2
    assert found.value("durable_waiting_seconds_bucket", queue="batches", le="+Inf") == 0
    assert found.value("durable_running_seconds_count", queue="tasks") == 5


def test_what_the_database_took_is_told_with_the_next_outcome() -> None:
    for _ in range(3):
        tasks.run.apply(args=(KIND.name, 0, store(2)), throw=True)
    found = Told()
    assert found.value("durable_claim_seconds_count", queue="tasks") >= 3
    assert found.value("durable_outcome_seconds_count", queue="tasks") >= 2
    assert found.value("durable_claim_seconds_sum", queue="tasks") > 0
    assert found.value("durable_outcome_seconds_sum", queue="tasks") > 0


def test_histograms_are_cumulative_and_end_with_the_count() -> None:
    tasks.run.apply(args=(KIND.name, 0, store(4, create_time=ago(3))), throw=True)
    found = Told()
    for name in ("durable_waiting_seconds", "durable_running_seconds"):
        queue = {"kind": KIND.name, "queue": "tasks"}
        samples = [
            s for s in found.families[name].samples if s.name.endswith("_bucket") and queue.items() <= s.labels.items()
        ]
        values = [sample.value for sample in samples]
        assert values == sorted(values)
        assert samples[-1].labels["le"] == "+Inf"
        assert values[-1] == found.value(f"{name}_count", queue="tasks") == 4
        bounds = [float(sample.labels["le"]) for sample in samples]
        assert bounds == sorted(bounds)
        assert (bounds[0], bounds[-2]) == (0.001, 50_000.0)


def test_nothing_that_was_counted_ever_falls() -> None:
    ids = store(6)
    claim = replace(take("w/1", ids[:3])[0], queue="tasks")
    assert write(claim, Outcomes(results=[(identity, 1_000, "3") for identity in ids[:3]], waits=dict.fromkeys(ids, 9)))
    actions.change_these(KIND, "cancel", ids[3:5])
    tallies.tallies.add("sweeps")
    tallies.tallies.flush("p")
    seen = [Told().monotonic()]
    for age in (4_200, 18_000, 90_000, 90_000):  # a minute's step, ten minutes', a total, for good
        Counter.objects.update(start=F("start") - age)
        totals.roll_up()
        tallies.purge()
        seen.append(Told().monotonic())
    labels = {"kind": KIND.name, "queue": "tasks", "outcome": "success"}
    assert seen[0]["durable_tasks_ended_total", frozenset(labels.items())] == 3
    for earlier, later in pairwise(seen):
        assert later == earlier
    assert not Counter.objects.exists()


@pytest.mark.parametrize("size", [1, 200])
def test_it_costs_five_statements_however_much_there_is(size: int) -> None:
    store(size), batch(size), store(size, status="scheduled", due_time=ago(-9))
    for worker in range(min(size, 40)):
        held(f"w/{worker}", 2)
        sign(f"n{worker}", [1])
    with CaptureQueriesContext(connection) as asked:
        Told()
    assert len(asked) == 5, [query["sql"] for query in asked]


def test_an_answer_is_shared_for_a_second(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    first = client.get("/metrics").content
    with CaptureQueriesContext(connection) as asked:
        assert client.get("/metrics").content == first
        monkeypatch.setattr(answering, "memory", Memory("metrics", answering.count))  # another process
        assert client.get("/metrics").content == first
    assert len(asked) == 0


def test_without_the_database_it_says_so_and_nothing_else(client: Client) -> None:
    with database_away():
        response = client.get("/metrics")
    assert response.status_code == 200
    lines = [line for line in response.content.decode().splitlines() if not line.startswith("#")]
    assert lines == ["durable_database_up 0.0"]
    assert Told().value("durable_database_up") == 1


@pytest.mark.parametrize("path", ["/metrics", "/metrics/container"])
@pytest.mark.parametrize("access", ["open", "login"])
def test_whoever_comes_through_a_proxy_finds_nothing(
    client: Client, settings: Settings, path: str, access: str
) -> None:
    settings.ACCESS = access
    assert client.get(path, headers={"X-Forwarded-For": "203.0.113.9"}).status_code == 404
    assert client.get(path).status_code == 200
    assert client.post(path).status_code == 405


def test_a_page_of_a_strangers_name_cannot_read_it(client: Client) -> None:
    assert client.get("/metrics", headers={"Host": "evil.example"}).status_code == 400


class FakeUwsgi:
    """What uWSGI tells of itself."""

    opt = {"listen": b"1024"}

    @staticmethod
    def workers() -> list[dict[str, Any]]:
        """Two processes."""
        return [
            {"status": b"busy", "respawn_count": 2},
            {"status": b"idle", "respawn_count": 1},
        ]

    @staticmethod
    def listen_queue() -> int:
        """Who waits."""
        return 7


def test_the_container_that_answers_tells_of_its_own_processes(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    assert client.get("/metrics/container").content == b""  # outside of uWSGI
    monkeypatch.setattr(answering, "uwsgi", FakeUwsgi)
    monkeypatch.setenv("WEB_LANE", "bulk")
    found = client.get("/metrics/container").content.decode()
    samples = {s.name: s for family in text_string_to_metric_families(found) for s in family.samples}
    assert samples["uwsgi_listen_queue"].value == 7
    assert samples["uwsgi_listen_queue_limit"].value == 1024
    assert samples["uwsgi_listen_queue"].labels.keys() == {"container", "lane"}
    assert samples["uwsgi_listen_queue"].labels["lane"] == "bulk"
    assert samples["uwsgi_respawns_total"].value == 3
    assert 'lane="bulk",state="busy"} 1.0' in found


def test_refusals_are_told_by_reason(client: Client, settings: Settings) -> None:
    key = ("durable_refused_total", frozenset({("reason", "unknown_token")}))
    assert Told().samples[key] == 0
    client.get("/api/tasks", headers={"Authorization": "Bearer nothing"})
    client.get("/api/tasks", headers={"Host": "evil.example"})
    tallies.tallies.flush("p")
    found = Told()
    assert found.samples[key] == 1
    assert found.value("durable_refused_total", reason="unknown_host") == 1


def test_what_the_publisher_did_is_told() -> None:
    for sort, number in (("handed over", 9), ("sent", 5), ("dropped", 1)):
        tallies.tallies.add("publisher", sort, number)
    tallies.tallies.flush("web/1")
    Tally.objects.create(name="publisher waiting", process="web/1", number=3)
    Tally.objects.create(name="publisher waiting", process="web/2", number=4)
    Tally.objects.create(name="publisher waiting", process="dead/1", number=100, time=ago(60))
    found = Told()
    told = [found.value(f"durable_publisher_{name}_total") for name in ("handed_over", "sent", "dropped")]
    assert told == [9, 5, 1]
    assert found.value("durable_publisher_waiting") == 7


def test_each_name_ends_as_prometheus_has_it() -> None:
    for name, family in Told().families.items():
        assert name.startswith("durable_")
        assert family.documentation.endswith(".")
        assert family.type in {"gauge", "counter", "histogram", "summary"}
        assert not name.endswith(("_ms", "_milliseconds", "_minutes")), name
        if family.type in {"histogram", "summary"}:
            assert name.endswith("_seconds")
