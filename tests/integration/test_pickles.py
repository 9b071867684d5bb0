"""Who can write to Redis can run nothing here: pickles are left unread."""

import base64
import json
import os
import pickle
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from support.embedded import Embedded
from support.http import ask, create, finished
from support.waiting import wait_for

QUEUES = ("tasks", "batches")


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


def message(identity: str, body: bytes, content_type: str, queue: str) -> str:
    """As kombu puts one into a queue."""
    properties = {
        "correlation_id": identity,
        "delivery_info": {"exchange": "", "routing_key": queue},
        "delivery_mode": 2,
        "delivery_tag": identity,
        "priority": 0,
        "body_encoding": "base64",
    }
    headers = {"lang": "py", "task": "durable.probe", "id": identity, "root_id": identity, "argsrepr": "()"}
    content = {"content-type": content_type, "content-encoding": "binary"}
    return json.dumps(
        {"body": base64.b64encode(body).decode(), "headers": headers, "properties": properties, **content}
    )


def test_pickles_in_the_caches_keys_are_read_and_not_loaded(embedded: Embedded, ran: Path) -> None:
    cache, planted = server(embedded, 1), pickle.dumps(Touches(ran))
    ask("GET", f"{embedded.url}/api/stats")
    (counts,) = wait_for(lambda: cache.keys(":1:counts:*"), 30, "the counts are shared")
    names = [counts, b":1:health"]

    def seen() -> bool:
        for name in names:  # again and again: the page writes them anew every second or two
            cache.set(name, planted)
        answers = [ask("GET", f"{embedded.url}{path}") for path in ("/", "/api/stats", "/health")]
        assert {answer.status for answer in answers} == {200}, answers
        return "is no JSON and is not read" in (embedded.data / "logs" / "web.log").read_text()

    wait_for(seen, 30, "web has read one")


@pytest.mark.parametrize("queue", QUEUES)
@pytest.mark.parametrize("content_type", ["application/x-python-serialize", "application/data", "application/x-yaml"])
def test_pickles_in_the_queues_are_thrown_away_and_tasks_go_on(
    embedded: Embedded, ran: Path, queue: str, content_type: str
) -> None:
    broker, poison = server(embedded, 0), str(uuid.uuid4())
    broker.lpush(queue, message(poison, pickle.dumps(Touches(ran)), content_type, queue))
    identity = create(embedded.url, "1", "add", "1")
    assert wait_for(lambda: finished(embedded.url, identity), 20, "the task ends")["status"] == "success"
    wait_for(lambda: broker.llen(queue) == 0, 20, "the message is taken")
    wait_for(lambda: not broker.hexists("unacked", poison), 20, "and is not held")
