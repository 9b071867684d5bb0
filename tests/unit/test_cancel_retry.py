"""Cancel and retry: conditional UPDATEs, one and many."""

import json
from typing import Any

import pytest
from django.test import Client
from rows import KIND, held, states, store, take
from sentences import sentence

from arithmetic.models import MathTask
from durable import actions
from durable.filters import Filters
from durable.models import Batch
from durable.outcomes import Outcomes, write
from durable.states import Status

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("plain_static")]
Published = list[tuple[int, str]]


def result(ids: list[int], text: str) -> Outcomes:
    """What a run found out for its only task."""
    outcomes = Outcomes()
    outcomes.succeeded(ids[0], 0.1, (text,))
    return outcomes


def in_state(status: Status, **fields: Any) -> int:
    """A task in a state as people see it."""
    (task_id,) = held("w/1") if status == Status.PENDING else store(status=status, **fields)
    return task_id


def act(client: Client, action: str, body: dict[str, Any]) -> Any:
    """POST /api/tasks/cancel or /retry."""
    return client.post(f"/api/tasks/{action}", json.dumps(body), content_type="application/json")


@pytest.mark.parametrize("status", Status)
def test_only_what_has_not_ended_can_be_cancelled(client: Client, status: Status) -> None:
    task_id = in_state(status)
    response = client.post(f"/api/tasks/{task_id}/cancel")
    if status in {"scheduled", "created", "pending"}:
        assert (response.status_code, response.json()["status"]) == (200, "cancelled")
    else:
        assert (response.status_code, response.json()["status"]) == (409, status)
        assert status in sentence(response)
        assert states([task_id]) == [status]


@pytest.mark.parametrize("status", Status)
def test_only_what_failed_or_was_cancelled_can_be_retried(client: Client, published: Published, status: Status) -> None:
    task_id = in_state(status, attempts=5, error="Why.", worker="w/1")
    response = client.post(f"/api/tasks/{task_id}/retry", headers={"X-Request-ID": "r1"})
    if status in {"failed", "cancelled"}:
        found = response.json()
        assert response.status_code == 200
        assert (found["status"], found["attempts"], found["error"], found["worker"]) == ("created", 0, "", "")
        assert published == [(task_id, "r1 tasks")]
    else:
        assert (response.status_code, response.json()["status"]) == (409, status)
        assert (sentence(response), published) == (sentence(response), [])


@pytest.mark.parametrize("action", ["cancel", "retry"])
@pytest.mark.parametrize("task_id", [0, 77, 10**30])
def test_an_unknown_task_is_not_found(client: Client, action: str, task_id: int) -> None:
    response = client.post(f"/api/tasks/{task_id}/{action}")
    assert response.status_code == 404
    assert str(task_id) in sentence(response)


def test_a_cancelled_tasks_late_result_is_dropped(client: Client) -> None:
    ids = store()
    claim, _ = take("w/1", ids)
    client.post(f"/api/tasks/{ids[0]}/cancel")
    write(claim, result(ids, "3"), last=True)
    assert MathTask.objects.values_list("status", "result").get() == ("cancelled", "")


@pytest.mark.usefixtures("published")
def test_a_retried_tasks_former_worker_cannot_finish_it() -> None:
    ids = store()
    frozen, _ = take("frozen/1", ids)
    actions.cancel_task(kind=KIND, task_id=ids[0])
    actions.retry_task(kind=KIND, task_id=ids[0])
    write(frozen, result(ids, "666"), last=False)
    assert states(ids) == ["created"]
    other, _ = take("other/2", ids, round=1)
    write(frozen, result(ids, "666"), last=True)
    assert states(ids) == ["pending"]
    write(other, result(ids, "3"), last=True)
    assert MathTask.objects.values_list("status", "result", "worker").get() == ("success", "3", "other/2")


def test_many_are_cancelled_by_filter(client: Client) -> None:
    add, minus, done = store(3), store(2, task_type="minus"), store(status="success")
    assert client.get("/api/tasks/matching?action=cancel&task_type=add").json() == {"count": 3, "capped": False}
    assert act(client, "cancel", {"task_type": "add", "expected": 3}).json() == {"changed": 3, "more": False}
    assert states([*add, *minus, *done]) == ["cancelled"] * 3 + ["created"] * 2 + ["success"]


def test_many_are_retried_by_filter_and_go_to_their_queues(client: Client, published: Published) -> None:
    single, batched = store(2, status="failed"), store(status="cancelled", queue="batches")
    assert act(client, "retry", {"expected": 5}).json() == {"changed": 3, "more": False}
    assert states([*single, *batched]) == ["created"] * 3
    assert sorted((task_id, words.split()[-1]) for task_id, words in published) == sorted(
        [*((task_id, "tasks") for task_id in single), (batched[0], "batches")]
    )


def test_more_than_was_confirmed_is_refused(client: Client) -> None:
    ids = store(3)
    response = act(client, "cancel", {"expected": 2})
    assert (response.status_code, response.json()["count"]) == (409, 3)
    assert "look again" in sentence(response)
    assert states(ids) == ["created"] * 3
    assert act(client, "cancel", {}).status_code == 422


def test_many_go_in_bounded_statements(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actions, "CHUNK", 2)
    monkeypatch.setattr(actions, "MOST", 5)
    store(7)
    assert actions.cancel_matching(kind=KIND, filters=Filters(), expected=5) == actions.Many(5, more=True)
    assert actions.cancel_matching(kind=KIND, filters=Filters(), expected=5) == actions.Many(2, more=False)
    assert actions.matching(kind=KIND, action="retry") == actions.Matching(5, capped=True)


def test_many_take_a_bounded_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actions, "SECONDS", -1.0)
    ids = store(3)
    assert actions.cancel_matching(kind=KIND, filters=Filters(), expected=3) == actions.Many(0, more=True)
    assert states(ids) == ["created"] * 3


def test_a_batch_and_a_status_narrow_it_down() -> None:
    batch = Batch.objects.create(kind=KIND.name, total=2, fingerprint="")
    inside, outside = held("w/1", batch_id=batch.pk), held("w/1")
    created = store(1, batch_id=batch.pk)
    actions.cancel_matching(kind=KIND, filters=Filters(status="pending", batch=batch.pk), expected=1)
    assert states([*inside, *outside, *created]) == ["cancelled", "pending", "created"]
