"""The page of one task: its way, its attempts, what people did, and the same once more."""

import json
import re
import shlex
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from people import client_of
from pytest_django import Settings
from rows import ago, held, store

from arithmetic.models import MathTask
from durable.events import record_attempts
from durable.models import Batch
from support.readings.models import Reading

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("plain_static")]
Published = list[tuple[int, str]]


def page(path: str, client: Client | None = None) -> str:
    """The page as text, without tags, and with single spaces."""
    response = (client or Client()).get(path)
    assert response.status_code == 200, response.content
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def raw(path: str) -> str:
    """The page as it is."""
    return str(Client().get(path).content.decode())


def test_a_row_leads_to_it(client: Client) -> None:
    (task,) = store()
    assert f'<a href="/tasks/{task}">{task}</a>' in raw("/")
    assert f"<title>Task {task} · Abacus</title>" in raw(f"/tasks/{task}")


def test_it_tells_input_result_and_each_step_with_its_time() -> None:
    now = timezone.now()
    times = {"create_time": now - timedelta(seconds=9), "start_time": now - timedelta(seconds=5), "update_time": now}
    (task,) = store(1, status="success", result="3", attempts=1, worker="w/1", request_id="abc-1", **times)
    text = page(f"/tasks/{task}")
    for told in ("First number 1", "Second number 2", "Result 3", "waited 4 s", "ran 5 s", "Attempts 1"):
        assert told in text, told
    assert {"w/1", "abc-1"} <= set(text.split())


def test_it_tells_why_each_attempt_failed_and_what_people_did(published: Published) -> None:
    (task,) = store(1, status="failed", error="KeyError: 'b'", attempts=2)
    record_attempts("mathtask", "w/1", "KeyError: 'a'", [(task, 1)])
    operator = client_of("user operator")
    assert operator.post("/tasks/act", {"retry": task, "back": "task"})["Location"] == f"/tasks/{task}"
    text = page(f"/tasks/{task}")
    assert "1 " in text
    assert "KeyError: 'a'" in text.replace("&#x27;", "'")
    assert "retry operator" in text


def test_a_waiting_one_says_what_it_waits_for() -> None:
    (task,) = store()
    assert "No worker is running: new tasks are kept" in page(f"/tasks/{task}/now")


def test_a_running_one_can_be_cancelled_and_an_ended_one_tried_again(published: Published) -> None:
    (running,), (ended,) = held("w/1"), store(1, status="failed", error="Why.")
    assert f'form="act" name="cancel" value="{running}"' in raw(f"/tasks/{running}")
    assert f'form="act" name="retry" value="{ended}"' in raw(f"/tasks/{ended}")


def test_who_may_only_look_sees_no_buttons(settings: Settings) -> None:
    settings.ACCESS = "read"
    (task,) = store()
    html = raw(f"/tasks/{task}")
    assert 'form="act"' not in html
    assert "/again" not in html


def test_the_same_input_runs_again_as_a_new_task(published: Published) -> None:
    (task,) = store(1, status="success", result="3", x="0.1", y="0.2")
    key = re.findall(r'name="idempotency_key" value="(\w+)"', raw(f"/tasks/{task}"))[0]
    answers = [Client().post(f"/tasks/{task}/again", {"idempotency_key": key}) for _ in range(2)]
    made = MathTask.objects.exclude(pk=task).get()
    assert [(answer.status_code, answer["Location"]) for answer in answers] == [(303, f"/tasks/{made.pk}")] * 2
    assert (made.x, made.task_type, made.y, made.status) == ("0.1", "add", "0.2", "created")
    assert [identity for identity, _ in published] == [made.pk]


def test_its_command_makes_the_same_task(client: Client, published: Published) -> None:
    reading = Reading.objects.create(text="it's\n“two” lines", language="en")
    html = client.get(f"/reading/tasks/{reading.pk}").content.decode()
    command = re.findall(r'id="curl"[^>]*>(.*?)</pre>', html, re.DOTALL)[0]
    words = shlex.split(unescape(command))
    assert words[:4] == ["curl", "-X", "POST", "http://testserver/api/reading"]
    body = words[words.index("-d") + 1]
    answer = client.post("/api/reading", body, content_type="application/json")
    assert (answer.status_code, answer.json()["text"]) == (201, reading.text)
    assert json.loads(body) == {"text": reading.text, "language": "en"}


def test_where_strangers_may_not_create_the_command_names_a_token(settings: Settings) -> None:
    settings.ACCESS = "read"
    (task,) = store()
    assert "Authorization: Bearer $TOKEN" in page(f"/tasks/{task}").replace("&quot;", '"')


def test_one_of_a_batch_leads_to_it_and_has_its_request() -> None:
    batch = Batch.objects.create(kind="mathtask", total=1, fingerprint="", request_id="of-the-batch")
    (task,) = store(1, batch=batch)
    text = raw(f"/tasks/{task}")
    assert f'href="/batches/{batch.pk}"' in text
    assert "of-the-batch" in text


@pytest.mark.parametrize("path", ["/tasks/999", "/tasks/999/now", "/tasks/999/brief", f"/tasks/{10**30}"])
def test_where_there_is_none_it_says_so(path: str) -> None:
    response = Client().get(path)
    assert response.status_code == 404
    assert "There is no task" in response.content.decode()


def test_a_stored_task_knows_the_request_that_created_it(client: Client, published: Published) -> None:
    made = client.post(
        "/api/tasks", '{"x": "1", "task_type": "add", "y": "2"}', "application/json", headers={"X-Request-ID": "r-1"}
    ).json()
    assert MathTask.objects.get(pk=made["id"]).request_id == "r-1"
    assert "r-1" in page(f"/tasks/{made['id']}")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "is accepted and waits: No worker is running"),
        ({"status": "success", "result": "3"}, "1 + 2 = 3"),
        ({"status": "failed", "error": "Why."}, "failed: Why."),
        ({"status": "cancelled"}, "was cancelled."),
        ({"status": "scheduled", "due_time": ago(-60)}, "is accepted and waits for its time."),
    ],
)
def test_whoever_created_it_is_told_in_a_line_what_became_of_it(fields: dict[str, Any], words: str) -> None:
    (task,) = store(1, **fields)
    assert words in page(f"/tasks/{task}/brief")
    assert words in page(f"/?made={task}")
