"""/metrics tells what the rows say now, and costs five statements."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rows import KIND, ago, held, sign, store
from scraping import Told
from scraping import fresh as fresh  # a fixture

from durable import metrics, pauses
from durable.by import NOBODY
from durable.leases import CLOCKWORK
from durable.models import Batch, Lease, Worker

pytestmark = pytest.mark.django_db(transaction=True)


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


@pytest.mark.parametrize("size", [1, 200])
def test_it_costs_five_statements_however_much_there_is(size: int) -> None:
    store(size), batch(size), store(size, status="scheduled", due_time=ago(-9))
    for worker in range(min(size, 40)):
        held(f"w/{worker}", 2)
        sign(f"n{worker}", [1])
    with CaptureQueriesContext(connection) as asked:
        Told()
    assert len(asked) == 5, [query["sql"] for query in asked]


def test_each_name_ends_as_prometheus_has_it() -> None:
    for name, family in Told().families.items():
        assert name.startswith("durable_")
        assert family.documentation.endswith(".")
        assert family.type in {"gauge", "counter", "histogram", "summary"}
        assert not name.endswith(("_ms", "_milliseconds", "_minutes")), name
        if family.type in {"histogram", "summary"}:
            assert name.endswith("_seconds")
