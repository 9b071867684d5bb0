"""Counters and histograms of /metrics: they tell what was done, and never fall."""

from dataclasses import replace
from itertools import pairwise

import pytest
from django.db.models import F
from django.test import Client
from pytest_django import Settings
from rows import KIND, ago, store, take
from scraping import Told
from scraping import fresh as fresh  # a fixture

from durable import actions, tallies, tasks, totals
from durable.models import Counter
from durable.outcomes import Outcomes, write
from durable.tallies import Tally

pytestmark = pytest.mark.django_db(transaction=True)


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
