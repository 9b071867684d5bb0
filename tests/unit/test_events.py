"""Who did what: rows say who made them, and what is done with them afterwards is an event of the same transaction."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.http import HttpRequest
from django.test import Client, RequestFactory
from pytest_django import Settings
from rows import KIND, states, store

from arithmetic.models import MathTask
from durable import actions, services
from durable.batches import Reader, Rows
from durable.by import NOBODY, By
from durable.events import record
from durable.filters import Filters
from durable.http.access import Principal
from durable.http.by import by
from durable.models import Batch, Event
from durable.services import KeyConflict

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("plain_static", "published")]
ANNE, BILL = By("anne", "192.0.2.1", "r-1"), By("bill", "192.0.2.2", "r-2")
VALUES = {"x": "1", "task_type": "add", "y": "2"}


def create(who: By = NOBODY, key: str | None = None, x: str = "1") -> int:
    """A task of somebody's."""
    task, _ = services.create_task(kind=KIND, values={**VALUES, "x": x}, idempotency_key=key, by=who)
    return int(task.pk)


def rows(count: int = 2) -> Rows:
    """An upload."""
    reader = Reader(KIND)
    for number in range(count):
        reader.take(number, ["1", "add", "2"])
    return reader.finish()


def events() -> list[tuple[Any, ...]]:
    """All of them, oldest first."""
    return list(Event.objects.order_by("pk").values_list("what", "by", "kind", "subject", "count", "detail"))


def test_a_row_says_who_made_it_and_needs_no_event_for_that() -> None:
    assert MathTask.objects.get(pk=create(ANNE)).created_by == "anne"
    assert MathTask.objects.get(pk=create()).created_by == ""
    assert events() == []


def test_a_batch_and_its_rows_say_who_made_them_and_it_is_an_event() -> None:
    batch, _ = services.create_batch(kind=KIND, rows=rows(3), by=ANNE)
    assert (batch.created_by, Batch.objects.get().created_by) == ("anne", "anne")
    assert set(MathTask.objects.values_list("created_by", flat=True)) == {"anne"}
    assert events() == [("batch", "anne", "mathtask", str(batch.pk), 3, "")]


def test_an_event_says_from_where_and_in_which_request() -> None:
    actions.cancel_task(kind=KIND, task_id=create(), by=ANNE)
    event = Event.objects.get()
    assert (event.address, event.request_id) == ("192.0.2.1", "r-1")
    assert event.time == Event.objects.get().time


def test_cancelling_and_retrying_one_are_events_of_it() -> None:
    identity = create(BILL)
    actions.cancel_task(kind=KIND, task_id=identity, by=ANNE)
    actions.retry_task(kind=KIND, task_id=identity, by=BILL)
    task = str(identity)
    assert events() == [("cancel", "anne", "mathtask", task, 1, ""), ("retry", "bill", "mathtask", task, 1, "")]


def test_what_was_not_possible_is_no_event() -> None:
    identity = create()
    with pytest.raises(actions.NotPossible):
        actions.retry_task(kind=KIND, task_id=identity, by=ANNE)
    with pytest.raises(actions.NoSuchTask):
        actions.cancel_task(kind=KIND, task_id=identity + 1, by=ANNE)
    assert actions.cancel_matching(kind=KIND, filters=Filters(status="failed"), expected=1, by=ANNE).changed == 0
    assert events() == []


def test_many_are_one_event_for_each_step_with_how_many_and_by_which_filters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actions, "CHUNK", 2)
    ids = store(3)
    actions.cancel_matching(kind=KIND, filters=Filters(values={"task_type": "add"}), expected=3, by=ANNE)
    actions.retry_matching(kind=KIND, filters=Filters(status="cancelled"), expected=3, by=BILL)
    spans = (f"{ids[0]} to {ids[1]}", f"{ids[2]} to {ids[2]}")
    assert events() == [
        ("cancel many", "anne", "mathtask", spans[0], 2, "task_type=add"),
        ("cancel many", "anne", "mathtask", spans[1], 1, "task_type=add"),
        ("retry many", "bill", "mathtask", spans[0], 2, "status=cancelled"),
        ("retry many", "bill", "mathtask", spans[1], 1, "status=cancelled"),
    ]


@pytest.mark.parametrize("action", ["cancel", "retry", "cancel many", "retry many", "batch"])
def test_what_cannot_be_recorded_does_not_happen(monkeypatch: pytest.MonkeyPatch, action: str) -> None:
    begin = "created" if "cancel" in action else "failed"
    ids = store(2, status=begin)

    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("no room for an event")

    for room in (services, actions):
        monkeypatch.setattr(room, "record", fail)
    steps: dict[str, Callable[[], Any]] = {
        "cancel": lambda: actions.cancel_task(kind=KIND, task_id=ids[0]),
        "retry": lambda: actions.retry_task(kind=KIND, task_id=ids[0]),
        "cancel many": lambda: actions.cancel_matching(kind=KIND, filters=Filters(), expected=2),
        "retry many": lambda: actions.retry_matching(kind=KIND, filters=Filters(), expected=2),
        "batch": lambda: services.create_batch(kind=KIND, rows=rows()),
    }
    with pytest.raises(RuntimeError):
        steps[action]()
    assert states(ids) == [begin] * 2
    assert MathTask.objects.count() == 2


def test_an_idempotency_key_is_its_principals_own() -> None:
    ids = [create(who, "key") for who in (NOBODY, ANNE, BILL)]
    assert len(set(ids)) == 3
    assert [create(who, "key") for who in (NOBODY, ANNE, BILL)] == ids
    with pytest.raises(KeyConflict):
        create(ANNE, "key", x="7")
    batches = [
        services.create_batch(kind=KIND, rows=rows(), idempotency_key="key", by=who)[0].pk for who in (NOBODY, ANNE)
    ]
    assert len(set(batches)) == 2


def asked_by_nobody(headers: dict[str, str]) -> HttpRequest:
    """A request as access.py leaves it."""
    request = RequestFactory().get("/", headers=headers)
    request.principal = Principal("", frozenset())  # type: ignore[attr-defined]
    return request


@pytest.mark.parametrize("key", ["annekey", "anne\0key", "\xffanne\xffkey", "anne:key"])
def test_nobody_can_squat_the_key_of_somebody(key: str) -> None:
    create(NOBODY, key, x="7")
    assert MathTask.objects.get(pk=create(ANNE, "key")).x == "1"


def test_nobodys_keys_are_stored_as_ever() -> None:
    stored = MathTask.objects.get(pk=create(NOBODY, "key")).idempotency_key
    assert stored == "2c70e12b7a0646f92279f427c7b38e7334d8e5389cff167a1dc30e73f826b683"  # SHA-256 of `key`


def test_what_strangers_send_fits_the_columns() -> None:
    record("login failed", NOBODY, subject="x" * 500, detail="y" * 500)
    assert [(len(row[3]), len(row[5])) for row in events()] == [(128, 255)]


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ("198.51.100.7", "198.51.100.7"),
        ("203.0.113.9, 198.51.100.7", "198.51.100.7"),  # the first is what a client claims
        ("2001:db8::0:1", "2001:db8::1"),
        ("nonsense", ""),
        ("", "127.0.0.1"),
    ],
)
def test_behind_haproxy_the_address_is_the_last_that_was_forwarded(
    settings: Settings, given: str, address: str
) -> None:
    settings.EMBEDDED = False
    headers = {"X-Forwarded-For": given} if given else {}
    request = asked_by_nobody({**headers, "X-Request-ID": "r"})
    assert by(request) == By("", address, "r")


def test_embedded_no_forwarded_address_is_believed(settings: Settings) -> None:
    settings.EMBEDDED = True
    request = asked_by_nobody({"X-Forwarded-For": "198.51.100.7", "X-Request-ID": "r"})
    assert by(request).address == "127.0.0.1"


def test_in_the_admin_it_is_whoever_has_logged_in(client: Client) -> None:
    User.objects.create_superuser("boss")
    client.force_login(User.objects.get())
    chosen = {"action": "cancel_tasks", "_selected_action": store(1)}
    client.post("/admin/arithmetic/mathtask/", chosen, headers={"X-Request-ID": "r-9"})
    event = Event.objects.get()
    assert (event.what, event.by, event.address, event.request_id) == ("cancel many", "boss", "127.0.0.1", "r-9")


def test_the_api_and_the_pages_tell_who_asks(client: Client) -> None:
    one, other = store(2)
    client.post(f"/api/tasks/{one}/cancel", headers={"X-Request-ID": "r-1"})
    client.post("/tasks/act", {"cancel": other}, headers={"X-Request-ID": "r-2"})
    client.post("/api/tasks/retry", '{"expected": 2}', "application/json", headers={"X-Request-ID": "r-3"})
    client.post("/tasks/many", {"action": "cancel", "expected": 2}, headers={"X-Request-ID": "r-4"})
    client.post(
        "/api/batches",
        '[{"x": "1", "task_type": "add", "y": "2"}]',
        "application/json",
        headers={"X-Request-ID": "r-5"},
    )
    client.post(f"/api/batches/{Batch.objects.get().pk}/cancel", headers={"X-Request-ID": "r-6"})
    found = Event.objects.order_by("pk").values_list("request_id", "what", "address")
    whats = ["cancel", "cancel", "retry many", "cancel many", "batch", "cancel many"]
    assert list(found) == [(f"r-{number}", what, "127.0.0.1") for number, what in enumerate(whats, 1)]


def test_the_api_tells_who_made_a_task_and_a_batch(client: Client) -> None:
    identity = create(ANNE)
    batch, _ = services.create_batch(kind=KIND, rows=rows(), by=BILL)
    assert client.get(f"/api/tasks/{identity}").json()["created_by"] == "anne"
    assert client.get(f"/api/batches/{batch.pk}").json()["created_by"] == "bill"
    assert {item["created_by"] for item in client.get("/api/batches").json()["items"]} == {"bill"}


def test_an_old_process_that_knows_no_new_columns_still_stores_rows() -> None:
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO durable_batch (kind, total, fingerprint) VALUES ('mathtask', 1, '')")
    assert Batch.objects.get().created_by == ""
