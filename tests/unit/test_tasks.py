"""What becomes of a message."""

from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from kombu.exceptions import OperationalError as BrokerError
from messages import Message, performs, run
from messages import sent_again as sent_again  # a fixture
from pytest_django import DjangoAssertNumQueries, Settings
from redis.exceptions import RedisError
from rows import ago, database_away, held, states, store, take

from arithmetic.models import MathTask
from durable import sent_back, tasks
from durable.celery.broker import BATCHED
from durable.patience import patiently
from durable.pauses import gate
from durable.workers import process_name

pytestmark = pytest.mark.django_db(transaction=True)


def test_it_performs_what_the_message_names() -> None:
    ids, other = store(3), store()
    run(ids)
    assert set(MathTask.objects.filter(pk__in=ids).values_list("status", "result", "worker", "attempts")) == {
        ("success", "3", process_name(), 1)
    }
    assert states(other) == ["created"]


def test_a_failure_takes_no_neighbour_with_it(again: list[Message]) -> None:
    by_zero, gone, fine = store(task_type="divide", y="0"), store(task_type="modulo"), store()
    run([*by_zero, *gone, *fine])
    assert states([*by_zero, *gone, *fine]) == ["failed", "failed", "success"]
    assert MathTask.objects.get(pk=by_zero[0]).error == "Division by zero has no result."
    row = MathTask.objects.get(pk=gone[0])
    assert (row.error, row.sentence.values) == ("There is no operation modulo any more.", {"name": "modulo"})
    assert again == []


def test_a_message_that_comes_twice_performs_nothing_twice() -> None:
    ids = store()
    run(ids)
    MathTask.objects.filter(pk__in=ids).update(result="42")
    run(ids)
    assert MathTask.objects.values_list("result", "attempts").get() == ("42", 1)


def test_a_message_that_comes_twice_while_it_is_worked_on_performs_nothing_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ids, performed = store(), list[int]()
    take("w/1", ids)
    performs(monkeypatch, lambda task: performed.append(task.id))
    run(ids)
    assert (performed, states(ids)) == ([], ["pending"])


def test_a_message_costs_so_many_statements_however_many_ids(
    django_assert_num_queries: DjangoAssertNumQueries, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(store())  # the process makes its row
    monkeypatch.setattr(gate, "until", float("inf"))  # what is paused is asked at most once a second
    ids = store(300)
    with django_assert_num_queries(2 + (6 if connection.vendor == "sqlite" else 1)):
        run(ids)


def test_a_slow_message_shows_its_outcomes_while_it_goes_on_and_gives_back_what_it_has_not_begun(
    monkeypatch: pytest.MonkeyPatch, again: list[Message]
) -> None:
    now, ids, seen = [1000.0], store(30), list[list[str]]()
    monkeypatch.setattr("durable.runs.time.monotonic", lambda: now[0])

    def slow(task: Any) -> str:
        now[0] += 0.7
        seen.append(states(ids))
        return "3"

    performs(monkeypatch, slow)
    run(ids)
    assert seen[5].count("success") == 4
    assert seen[5].count("pending") == 26
    begun = states(ids).count("success")
    assert begun == 15  # in ten seconds
    assert again == [(1, ids[15:], "tasks")]
    took = [(row.update_time - row.start_time).total_seconds() for row in MathTask.objects.filter(status="success")]
    assert all(0.6 < seconds < 0.8 for seconds in took)


def test_what_was_cancelled_in_the_middle_of_a_slow_message_is_not_begun(
    monkeypatch: pytest.MonkeyPatch, again: list[Message]
) -> None:
    now, ids, begun = [1000.0], store(6), list[int]()
    monkeypatch.setattr("durable.runs.time.monotonic", lambda: now[0])

    def slow(task: Any) -> str:
        now[0] += 1.5
        begun.append(task.id)
        if task.id == ids[1]:
            MathTask.objects.cancel(ids[1:5])
        return "3"

    performs(monkeypatch, slow)
    run(ids)
    assert begun == [*ids[:2], ids[5]]
    assert states(ids) == ["success", *["cancelled"] * 4, "success"]
    assert again == []


def test_of_slow_tasks_a_portion_is_taken_and_the_rest_sent_back_first(
    monkeypatch: pytest.MonkeyPatch, again: list[Message], settings: Settings
) -> None:
    settings.TASKS_PER_MESSAGE = 2
    ids, other = store(7), held("w/1", claimed=1)
    MathTask.objects.cancel(ids[1:3])
    performs(monkeypatch, lambda task: str(len(again)))
    run([*ids, *other])
    assert again == [(0, ids[4:], "tasks")]  # neither what was cancelled nor what somebody else has
    assert states(ids) == ["success", "cancelled", "cancelled", "success", "created", "created", "created"]
    assert set(MathTask.objects.filter(status="success").values_list("result", flat=True)) == {"1"}


def test_of_a_batch_less_is_taken_at_once_while_single_tasks_come(
    monkeypatch: pytest.MonkeyPatch, again: list[Message]
) -> None:
    now = [1000.0]
    monkeypatch.setattr(tasks, "singles", tasks.Singles())
    monkeypatch.setattr("durable.tasks.time.monotonic", lambda: now[0])
    monkeypatch.setattr(tasks, "BESIDE_SINGLES", 2)
    whole, single, cut, later, alone = store(5), store(), store(5), store(5), store(5)
    run(whole, queue=BATCHED)
    assert (states(whole), again) == (["success"] * 5, [])  # none has come yet
    run(single)
    run(cut, queue=BATCHED)
    assert states(cut) == ["success"] * 2 + ["created"] * 3
    assert again == [(0, cut[2:4], BATCHED), (0, cut[4:], BATCHED)]
    run(alone)
    assert states(alone) == ["success"] * 5  # single ones that came together
    now[0] += tasks.SINGLES_SECONDS
    run(later, queue=BATCHED)
    assert (states(later), len(again)) == (["success"] * 5, 2)


def test_the_rest_is_sent_back_where_the_cache_alone_is_away(
    monkeypatch: pytest.MonkeyPatch, again: list[Message], settings: Settings
) -> None:
    def away(*_: Any, **__: Any) -> None:
        raise RedisError("refused")

    settings.TASKS_PER_MESSAGE = 1
    monkeypatch.setattr(sent_back, "cache", SimpleNamespace(add=away))
    ids = store(3)
    run(ids)
    assert (states(ids), again) == (["success", "created", "created"], [(0, ids[1:], "tasks")])


def test_the_rest_is_left_to_the_sweep_where_the_broker_is_away(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    def away(*_: Any, **__: Any) -> None:
        raise BrokerError("refused")

    settings.TASKS_PER_MESSAGE = 1
    monkeypatch.setattr(tasks, "send", away)
    ids = store(3)
    run(ids)
    assert states(ids) == ["success", "created", "created"]
    assert "broker away, 2 tasks are left to the sweep" in caplog.text


def test_it_waits_while_the_database_is_away(caplog: pytest.LogCaptureFixture) -> None:
    ids = store()
    with database_away(times=2) as refused:
        run(ids)
    assert len(refused) == 2
    assert states(ids) == ["success"]
    assert "database away, waiting" in caplog.text


def test_it_waits_for_nothing_else() -> None:
    def bug() -> None:
        raise ValueError("a bug")

    with pytest.raises(ValueError, match="a bug"):
        patiently(bug)


def test_times_are_the_databases_own() -> None:
    ids = store(create_time=ago(5))
    before = timezone.now()
    run(ids)
    row = MathTask.objects.get()
    assert row.start_time is not None
    assert abs((row.update_time - before).total_seconds()) < 5
    assert row.start_time <= row.update_time
