"""What may wait is bounded (MAX_WAITING_TASKS), and to look how much does costs next to nothing."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings
from rows import KIND, held, store

from arithmetic.models import MathTask
from durable import bounds, kinds, services
from durable.bounds import Full
from durable.by import By
from durable.models import Batch
from support.readings.models import Reading

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("plain_static", "published")]
VALUES = {"x": "1", "task_type": "add", "y": "2"}
SENTENCE = (
    "Nothing was stored: about 3 tasks wait already, and at most 3 may. "
    "Send it again in a minute, a large file in parts."
)
JSON = "application/json"


class Clock:
    """time.monotonic, as the test says."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """A process that has not looked yet, at a clock that stands."""
    clock = Clock()
    monkeypatch.setattr("durable.bounds.time.monotonic", clock)
    monkeypatch.setattr(bounds, "waiting", {})
    return clock


@pytest.fixture
def three(settings: Settings) -> None:
    """Three may wait, and three do."""
    settings.MAX_WAITING_TASKS = 3
    store(2), held("w/1")
    store(5, status="success"), store(5, status="failed")


def post(client: Client, way: str, key: str = "") -> Any:
    """Create by one of the ways that there are."""
    headers = {"Idempotency-Key": key} if key else {}
    body = b"x,task_type,y\n1,add,2\n"
    requests: dict[str, Any] = {
        "api": lambda: client.post("/api/tasks", VALUES, JSON, headers=headers),
        "another kind": lambda: client.post("/api/reading", {"text": "a", "language": "en"}, JSON, headers=headers),
        "form": lambda: client.post("/", VALUES, headers=headers),
        "script": lambda: client.post("/", VALUES, headers={**headers, "X-Requested-With": "fetch"}),
        "json batch": lambda: client.post("/api/batches", json.dumps([VALUES]), JSON, headers=headers),
        "csv batch": lambda: client.post("/api/batches", body, "text/csv", headers=headers),
        "upload": lambda: client.post("/batches/new", {"file": SimpleUploadedFile("a.csv", body)}, headers=headers),
    }
    return requests[way]()


WAYS = ["api", "another kind", "form", "script", "json batch", "csv batch", "upload"]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.usefixtures("three")
def test_what_would_be_too_much_is_refused_with_a_sentence_and_when_to_come_again(client: Client, way: str) -> None:
    answer = post(client, way)
    assert (answer.status_code, answer["Retry-After"]) == (503, "60")
    if way in {"form", "upload"}:
        assert SENTENCE in answer.content.decode()
    else:
        assert answer.json() == {"error": SENTENCE}
    assert (MathTask.objects.count(), Reading.objects.count(), Batch.objects.count()) == (13, 0, 0)


def test_a_person_reads_it_in_his_language(client: Client, settings: Settings) -> None:
    settings.MAX_WAITING_TASKS = 1
    store(1)
    answer = client.post("/?lang=zh-hans", VALUES, headers={"Accept-Language": "zh-hans", "X-Requested-With": "fetch"})
    assert "Nothing was stored" not in answer.json()["error"]


@pytest.mark.parametrize("way", WAYS)
def test_what_is_stored_already_is_answered_as_ever(client: Client, settings: Settings, way: str) -> None:
    first = post(client, way, "the same")
    settings.MAX_WAITING_TASKS = 1
    store(1)
    bounds.waiting.clear()
    again = post(client, way, "the same")
    assert (first.status_code, again.status_code) in {(201, 200), (303, 303), (201, 201)}
    assert post(client, way, "another").status_code == 503


def test_somebody_elses_key_is_no_way_in(settings: Settings) -> None:
    services.create_task(kind=KIND, values=VALUES, idempotency_key="k", by=By("anne"))
    settings.MAX_WAITING_TASKS = 1
    with pytest.raises(Full):
        services.create_task(kind=KIND, values=VALUES, idempotency_key="k", by=By("bill"))


@pytest.mark.usefixtures("three")
def test_what_has_ended_leaves_room(client: Client, clock: Clock) -> None:
    assert post(client, "api").status_code == 503
    MathTask.objects.filter(status="created").update(status="success")
    clock.now += bounds.PAUSE
    assert post(client, "api").status_code == 201


@pytest.mark.usefixtures("three")
def test_without_a_bound_nobody_looks(client: Client, settings: Settings) -> None:
    settings.MAX_WAITING_TASKS = 0
    assert looks(client) == 0


def test_a_process_counts_what_it_stores_between_two_looks(client: Client, settings: Settings) -> None:
    settings.MAX_WAITING_TASKS = 3
    assert [post(client, "api").status_code for _ in range(5)] == [201, 201, 201, 503, 503]


def test_a_batch_has_to_fit_as_a_whole(client: Client, settings: Settings) -> None:
    settings.MAX_WAITING_TASKS = 3
    store(2)

    def send(count: int) -> int:
        return int(client.post("/api/batches", json.dumps([VALUES] * count), JSON).status_code)

    assert [send(2), send(1), send(1)] == [503, 201, 503]


def looks(client: Client, requests: int = 1) -> int:
    """How many statements count what waits, while so many tasks are created."""
    with CaptureQueriesContext(connection) as asked:
        for _ in range(requests):
            assert post(client, "api").status_code == 201
    return len([query for query in asked.captured_queries if "COUNT" in query["sql"]])


def test_however_many_are_created_one_look_a_second_is_enough(client: Client, clock: Clock) -> None:
    assert looks(client, 20) == len(kinds.every())
    clock.now += bounds.PAUSE - 0.01
    assert looks(client, 20) == 0
    clock.now += 0.02
    assert looks(client, 20) == len(kinds.every())


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> Iterator[None]:
    """Each count takes half a second, and counts two rows at most."""
    monkeypatch.setattr(bounds, "STEP", 2)

    def execute(run: Any, sql: str, *rest: Any) -> Any:
        clock.now += 0.5 if "COUNT" in sql else 0
        return run(sql, *rest)

    with connection.execute_wrapper(execute):
        yield


@pytest.mark.usefixtures("slow")
def test_a_look_is_a_bounded_step_and_is_paid_for_by_a_pause(clock: Clock) -> None:
    store(5)
    waiting, numbers, pauses = bounds.of(KIND), list[int](), list[float]()
    for _ in range(3):
        numbers.append(waiting.known())
        pauses.append(waiting.due - clock.now)
        clock.now = waiting.due
    assert numbers == [2, 4, 5]
    assert pauses == pytest.approx([0.5 / bounds.SHARE] * 3)


@pytest.mark.usefixtures("slow")
def test_a_round_forgets_what_has_ended_in_the_meantime(clock: Clock) -> None:
    ids, waiting = store(5), bounds.of(KIND)
    for _ in range(3):
        waiting.known()
        clock.now = waiting.due
    assert waiting.number == 5
    MathTask.objects.filter(pk__in=ids[:4]).update(status="success")
    assert waiting.known() == 1


def test_while_one_counts_the_others_go_on_with_what_is_known() -> None:
    store(2)
    waiting = bounds.of(KIND)
    with waiting.lock:
        assert waiting.known() == 0
    assert waiting.known() == 2


def test_what_cannot_be_counted_in_time_holds_nobody_up(client: Client, clock: Clock) -> None:
    def too_slow(run: Any, sql: str, *rest: Any) -> Any:
        if "COUNT" not in sql:
            return run(sql, *rest)
        clock.now += 0.3
        raise OperationalError(3024, "maximum statement execution time exceeded")

    with connection.execute_wrapper(too_slow):
        assert post(client, "api").status_code == 201
    assert looks(client) == 0
    clock.now += 1 + 0.3 / bounds.SHARE
    assert looks(client) == len(kinds.every())


def test_a_database_that_is_away_is_waited_for_once(client: Client) -> None:
    asked = []

    def away(run: Any, sql: str, *rest: Any) -> Any:
        asked.append(sql)
        raise OperationalError(2013, "Lost connection to MySQL server during query")

    with connection.execute_wrapper(away):
        answer = post(client, "api")
    assert (answer.status_code, len(asked)) == (503, 1)
