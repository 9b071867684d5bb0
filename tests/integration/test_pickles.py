"""Who can write to Redis, or where beat once kept its schedule, can run nothing here: pickles are left unread."""

import base64
import json
import os
import pickle
import shelve
import signal
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from support.embedded import Embedded
from support.http import ask, create, finished
from support.waiting import wait_for

QUEUES = ("tasks", "batches", "maintenance")


class Touches:
    """A pickle of it makes a file when it is loaded."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch {self.path}",)


@pytest.fixture
def ran(tmp_path: Path) -> Iterator[Path]:
    """The file that would tell of code that ran; it must not be there at the end."""
    pickle.loads(pickle.dumps(Touches(tmp_path / "works")))
    assert (tmp_path / "works").exists(), "the pickle itself works"
    yield tmp_path / "ran"
    assert not (tmp_path / "ran").exists()


def server(embedded: Embedded, database: int) -> redis.Redis:
    """The embedded Redis, as somebody reaches it who has got at its socket."""
    return redis.Redis(unix_socket_path=str(embedded.data / "redis.sock"), db=database)


def message(body: bytes, content_type: str, queue: str) -> str:
    """As kombu puts one into a queue."""
    identity = str(uuid.uuid4())
    properties = {
        "correlation_id": identity,
        "delivery_info": {"exchange": "", "routing_key": queue},
        "delivery_mode": 2,
        "delivery_tag": identity,
        "priority": 0,
        "body_encoding": "base64",
    }
    headers = {"lang": "py", "task": "durable.sweep", "id": identity, "root_id": identity, "argsrepr": "()"}
    content = {"content-type": content_type, "content-encoding": "binary"}
    return json.dumps(
        {"body": base64.b64encode(body).decode(), "headers": headers, "properties": properties, **content}
    )


def test_pickles_in_the_caches_keys_are_read_and_not_loaded(embedded: Embedded, ran: Path) -> None:
    cache, planted = server(embedded, 1), pickle.dumps(Touches(ran))
    (pace,) = wait_for(lambda: cache.keys(":1:pace:*"), 30, "the sweep has noted the pace")
    names = [pace, pace.replace(b"pace", b"counts"), b":1:health"]
    logs = [embedded.data / "logs" / f"{name}.log" for name in ("web", "worker")]

    def seen() -> bool:
        for name in names:  # again and again: the sweep and the page write them anew every second or two
            cache.set(name, planted)
        answers = [ask("GET", f"{embedded.url}{path}") for path in ("/", "/api/stats", "/health")]
        assert {answer.status for answer in answers} == {200}, answers
        return all("is no JSON and is not read" in log.read_text() for log in logs)

    wait_for(seen, 30, "web and worker have read one")
    wait_for(lambda: cache.get(pace) != planted, 30, "and the sweep goes on noting the pace")


@pytest.mark.parametrize("queue", QUEUES)
@pytest.mark.parametrize("content_type", ["application/x-python-serialize", "application/data", "application/x-yaml"])
def test_pickles_in_the_queues_are_thrown_away_and_tasks_go_on(
    embedded: Embedded, ran: Path, queue: str, content_type: str
) -> None:
    broker = server(embedded, 0)
    broker.lpush(queue, message(pickle.dumps(Touches(ran)), content_type, queue))
    identity = create(embedded.url, "1", "add", "1")
    assert wait_for(lambda: finished(embedded.url, identity), 20, "the task ends")["status"] == "success"
    wait_for(lambda: broker.llen(queue) == 0, 20, "the message is taken")
    wait_for(lambda: broker.hlen("unacked") == 0, 20, "and is not held")


def test_beats_old_schedule_is_not_opened(embedded: Embedded, ran: Path) -> None:
    """It was a shelve, beside the signs of life."""
    path = embedded.data / "run" / "beat-schedule"
    with shelve.open(str(path)) as schedule:
        schedule["entries"] = Touches(ran)
    before, log = embedded.pid("django", "beat"), embedded.data / "logs" / "beat.log"
    length = log.stat().st_size
    os.kill(before, signal.SIGKILL)  # asked to end, it would have written its own
    wait_for(lambda: embedded.pids("django", "beat") not in ([], [before]), 30, "beat is started again")
    signed = embedded.data / "run" / "beat"
    moment = signed.stat().st_mtime
    wait_for(lambda: signed.stat().st_mtime > moment and log.stat().st_size >= length, 30, "it turns")
    identity = create(embedded.url, "1", "add", "1")
    wait_for(lambda: finished(embedded.url, identity), 20, "tasks go on")
