"""The list by filter, and what has changed since."""

from functools import partial
from typing import Any

import pytest
from django.test import Client
from rows import KIND, ago, held, store, take
from sentences import sentence

from arithmetic.models import MathTask
from durable import claims, listing
from durable.claimed import Claim
from durable.claims import keep
from durable.filters import Filters
from durable.listing import newest
from durable.models import Batch

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("plain_static")]


page = partial(listing.page, KIND)
changes = partial(listing.changes, KIND)


def ids(tasks: list[MathTask]) -> list[int]:
    """Their ids."""
    return [task.pk for task in tasks]


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("status=failed", 3),
        ("task_type=minus", 4),
        ("status=failed&task_type=minus", 2),
        ("batch=1", 2),
        ("batch=9", 0),
    ],
)
def test_the_list_is_narrowed(client: Client, query: str, count: int) -> None:
    Batch.objects.create(pk=1, kind=KIND.name, total=2, fingerprint="")
    store(2, status="failed", task_type="minus", batch_id=1)
    store(1, status="failed"), store(2, task_type="minus"), store(5)
    assert len(client.get(f"/api/tasks?{query}").json()["items"]) == count


@pytest.mark.parametrize("query", ["status=gone", "task_type=modulo", "batch=x", "since=yesterday", "since=1-"])
def test_a_filter_that_is_none_is_refused(client: Client, query: str) -> None:
    response = client.get(f"/api/tasks?{query}")
    assert response.status_code == 422
    assert sentence(response)


def walk(filters: Filters, size: int) -> list[int]:
    """All pages, forwards."""
    seen, at = [], page(filters=filters, size=size)
    for _ in range(200):
        seen += ids(at.tasks)
        if at.next is None:
            return seen
        at = page(filters=filters, size=size, before=at.next)
    raise AssertionError("no end")


@pytest.mark.parametrize("size", [1, 2, 7, 50])
def test_a_page_of_two_filters_looks_through_so_many_rows_and_misses_none(
    monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(listing, "LOOK_THROUGH", 5)
    wanted = []
    for number in range(30):
        rare = number % 11 == 0
        found = store(status="failed", task_type="minus" if rare else "add")
        wanted += found if rare else []
    filters = Filters(status="failed", values={"task_type": "minus"})
    assert walk(filters, size) == wanted[::-1]
    back = page(filters=filters, after=wanted[0], size=1)
    assert back.previous is not None


def test_changes_come_oldest_first_and_end() -> None:
    first, second = store(update_time=ago(30)), store(update_time=ago(20))
    told = changes(since="0-0")
    assert (ids(told.tasks), told.more) == ([*first, *second], False)
    assert changes(since=told.since).tasks == []
    assert changes(since=told.since).since == told.since  # so that an answer without changes is the same again
    MathTask.objects.filter(pk=first[0]).update(update_time=ago(10), status="failed")
    again = changes(since=told.since)
    assert ids(again.tasks) == first
    assert changes(since=again.since).tasks == []


def test_a_change_of_the_last_seconds_is_told_again_since_a_slower_one_may_still_come() -> None:
    store(update_time=ago(30))
    fresh = store(update_time=ago(0.2))
    told = changes(since=newest(KIND))
    assert ids(told.tasks) == fresh
    late = store(update_time=ago(1))  # written before, committed after
    assert ids(changes(since=told.since).tasks) == [*late, *fresh]


def test_a_change_that_does_not_match_is_left_out_and_passed() -> None:
    store(update_time=ago(20), status="failed")
    told = changes(since="0-0", filters=Filters(status="success"))
    assert (told.tasks, told.since != "0-0") == ([], True)


def test_too_many_changes_say_that_the_list_is_to_be_loaded_again() -> None:
    moment = ago(20)
    all_ids = store(5, update_time=moment)
    told = changes(since="0-0", size=3)
    assert (ids(told.tasks), told.more) == (all_ids[:3], True)
    assert ids(changes(since=told.since, size=3).tasks) == all_ids[3:]


def test_the_list_says_from_where_on_changes_are(client: Client) -> None:
    assert client.get("/api/tasks").json()["since"] == "0-0"
    store(update_time=ago(20))
    since = client.get("/api/tasks").json()["since"]
    changed = store(update_time=ago(10))
    answer = client.get(f"/api/tasks?since={since}").json()
    assert [task["id"] for task in answer["items"]][-1:] == changed
    assert answer["more"] is False


@pytest.mark.parametrize("path", ["/api/tasks", "/api/tasks?since=0-0", "/api/stats"])
def test_an_answer_is_the_same_for_everyone_and_is_not_sent_twice(client: Client, path: str) -> None:
    store(update_time=ago(20))
    response: Any = client.get(path, headers={"Accept-Language": "zh"})
    assert response["Cache-Control"] == "public, max-age=1"
    assert "Vary" not in response.headers
    assert not response.cookies
    assert client.get(path, headers={"If-None-Match": response["ETag"]}).status_code == 304


def test_a_claim_is_a_change_and_so_is_its_release() -> None:
    waiting = store(3, update_time=ago(60))
    told = changes(since="0-0")
    take("w/1", waiting[:2])
    began = changes(since=told.since)
    assert [(task.pk, task.status) for task in began.tasks] == [(task_id, "pending") for task_id in waiting[:2]]
    claims.release(Claim.objects.get())
    back = changes(since=began.since)
    assert [(task.pk, task.status) for task in back.tasks] == [(task_id, "created") for task_id in waiting[:2]]


def test_a_claim_of_before_is_no_change() -> None:
    held("w/1", claimed=30, update_time=ago(60))
    told = changes(since="0-0")
    assert changes(since=told.since).tasks == []


def test_what_is_claimed_is_listed_as_pending_and_not_as_created() -> None:
    waiting, running, done = store(2), held("w/1", 2), store(status="success")
    assert ids(page(filters=Filters(status="pending")).tasks) == running[::-1]
    assert ids(page(filters=Filters(status="created")).tasks) == waiting[::-1]
    assert [task.status for task in page().tasks] == ["success", "pending", "pending", "created", "created"]
    assert ids(page(filters=Filters(status="pending"), before=running[1]).tasks) == running[:1]
    assert ids(page(filters=Filters(status="pending", values={"task_type": "minus"})).tasks) == []
    assert done


def test_a_claim_that_ended_covers_nothing() -> None:
    waiting = store()
    claim, _ = take("w/1", waiting)
    keep(claim, [])
    assert ids(page(filters=Filters(status="created")).tasks) == waiting
