"""Old rows go by themselves."""

from datetime import timedelta
from functools import partial

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_celery_results.models import TaskResult
from pytest_django import Settings
from rows import KIND, ago, held, sign, store

from arithmetic.models import MathTask
from durable import purge
from durable.claimed import Claim
from durable.models import Batch, Event, Worker
from durable.states import ENDED, Status

pytestmark = pytest.mark.django_db(transaction=True)
STORED = [status for status in Status if status != Status.PENDING]


def test_a_purge_deletes_old_finished_rows_alone() -> None:
    old = {status: store(status=status, update_time=ago(100)) for status in STORED}
    new = {status: store(status=status, update_time=ago(10)) for status in STORED}
    assert [purge.purge_tasks(KIND, status, timedelta(seconds=50), 10) for status in ENDED] == [1, 1, 1]
    kept = [*old[Status.SCHEDULED], *old[Status.CREATED], *(ids[0] for ids in new.values())]
    assert sorted(MathTask.objects.values_list("pk", flat=True)) == sorted(kept)


def test_a_purge_takes_the_oldest_first_and_no_more_than_its_batch() -> None:
    oldest = store(2, status="success", update_time=ago(200))
    store(4, status="success", update_time=ago(100))
    step = partial(purge.purge_tasks, KIND, Status.SUCCESS, timedelta(seconds=50))
    assert step(2) == 2
    assert not MathTask.objects.filter(pk__in=oldest).exists()
    assert [step(3), step(5), step(5)] == [3, 1, 0]


def test_a_purge_walks_no_rows_but_those_that_ended() -> None:
    with CaptureQueriesContext(connection) as captured:
        purge.purge()
    walked = [query["sql"] for query in captured.captured_queries if f'FROM "{KIND.table}"' in query["sql"]]
    ended = [sql for sql in walked if any(f"\"status\" = '{status}'" in sql for status in ENDED)]
    assert len(ended) == len(ENDED)
    assert not [sql for sql in walked if "update_time" in sql.partition("ORDER BY")[2]]


def test_a_purge_forgets_processes_that_are_gone_and_hold_nothing() -> None:
    sign("alive", [1])
    held("gone/1")
    for name in ("alive/1", "alive/9", "gone/2"):
        Claim.objects.create(worker=name)
    purge.purge()
    assert set(Claim.objects.values_list("worker", flat=True)) == {"alive/1", "alive/9", "gone/1"}


def test_a_purge_deletes_old_finished_rows_in_batches(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(purge, "CHUNK", 2)
    settings.RETENTION_DAYS = 3
    sign("gone", [1], beat=60)
    sign("alive", [1])
    day = timedelta(days=1).total_seconds()
    store(5, status="success", update_time=ago(3.1 * day))
    kept = store(status="success", update_time=ago(2.9 * day)) + store(update_time=ago(9 * day))
    assert purge.purge() == 5
    assert sorted(MathTask.objects.values_list("pk", flat=True)) == kept
    assert Worker.objects.get().name == "alive"


def test_a_purge_deletes_old_events_in_bounded_steps(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.RETENTION_DAYS = 1
    for hours in (25, 26, 27, 23):
        Event.objects.create(what="cancel", time=timezone.now() - timedelta(hours=hours))
    assert purge.purge_events(timedelta(days=1), 2) == 2
    assert Event.objects.count() == 2
    assert purge.purge() == 1
    assert Event.objects.get().time > timezone.now() - timedelta(days=1)


def test_a_purge_ends_after_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(purge, "SECONDS", -1)
    store(status="success", update_time=ago(99 * 86_400))
    assert purge.purge() == 0


def test_much_of_one_leaves_the_others_their_share(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.RETENTION_DAYS = 1
    Event.objects.create(what="cancel", time=ago(99 * 86_400))
    monkeypatch.setattr(purge, "purge_tasks", lambda kind, status, age, limit: limit)  # there are always more of these
    assert purge.purge() > purge.CHUNK
    assert not Event.objects.exists()


def test_a_purge_deletes_old_batches_without_tasks(settings: Settings) -> None:
    settings.RETENTION_DAYS = 3
    empty, used, new = (Batch.objects.create(kind=KIND.name, total=1, fingerprint="") for _ in range(3))
    Batch.objects.filter(pk__in=[empty.pk, used.pk]).update(create_time=ago(4 * 86_400))
    store(batch_id=used.pk)
    assert purge.purge() == 1
    assert set(Batch.objects.values_list("pk", flat=True)) == {used.pk, new.pk}


def test_a_purge_deletes_celerys_old_records_too(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(purge, "CHUNK", 2)
    settings.RETENTION_DAYS = 3
    for number, days in enumerate([4, 5, 6, 1]):
        record = TaskResult.objects.create(task_id=f"id-{number}")
        TaskResult.objects.filter(pk=record.pk).update(date_done=timezone.now() - timedelta(days=days))
    assert purge.purge() == 3
    assert TaskResult.objects.get().task_id == "id-3"
