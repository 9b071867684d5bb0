"""What the local Redis lets the app do: all that it needs, and nothing that changes the server or empties it."""

from collections.abc import Iterator
from functools import partial

import pytest

from support.http import ask, create, finished
from support.stack import Stack
from support.waiting import wait_for

CLI = 'REDISCLI_AUTH="$(cat /run/secrets/$0)" exec redis-cli "$@"'
FORBIDDEN = [
    "CONFIG GET requirepass",
    "CONFIG SET dir /tmp",
    "MODULE LIST",
    "EVAL return(1) 0",
    "FUNCTION LIST",
    "SCRIPT FLUSH",
    "FLUSHALL",
    "FLUSHDB",
    "SWAPDB 0 1",
    "KEYS *",
    "SCAN 0",
    "RANDOMKEY",
    "SAVE",
    "BGSAVE",
    "BGREWRITEAOF",
    "REPLICAOF 127.0.0.1 6380",
    "SLAVEOF NO ONE",
    "MIGRATE 127.0.0.1 6380 tasks 0 1000",
    "ACL LIST",
    "ACL WHOAMI",
    "CLIENT LIST",
    "CLIENT KILL TYPE normal",
    "MONITOR",
    "INFO",
    "SHUTDOWN NOSAVE",
    "SUBSCRIBE news",
    "PUBLISH news 1",
    "LATENCY DOCTOR",
    "SLOWLOG GET",
    "GET other",
    "SET other 1",
    "LPUSH other 1",
    "HGET :2:session x",
]


def app(stack: Stack, *command: str) -> str:
    """The command, by the app's user."""
    return stack.compose("exec", "-T", "redis", "sh", "-c", CLI, "redis_password", *command).strip()


def admin(stack: Stack, *command: str) -> str:
    """The command, by the one who may do all."""
    return stack.compose("exec", "-T", "redis", "sh", "-c", CLI, "redis_admin_password", "--user", "admin", *command)


def refusals(stack: Stack) -> list[str]:
    """What Redis has refused to the app's own client library, of all that was done to this stack."""
    entries = admin(stack, "--json", "ACL", "LOG").split('"count"')
    return [entry for entry in entries if "lib-name=redis-py" in entry]


@pytest.fixture(autouse=True)
def nothing_refused(stack: Stack) -> Iterator[None]:
    """Whatever the tests here do, the app itself is refused nothing."""
    yield
    assert refusals(stack) == []


def test_nobody_gets_an_answer_without_a_password(stack: Stack) -> None:
    for command in ("PING", "GET :1:x", "ACL WHOAMI"):
        assert "NOAUTH" in stack.compose("exec", "-T", "redis", "redis-cli", *command.split())


@pytest.mark.parametrize("command", FORBIDDEN)
def test_the_app_may_not(stack: Stack, command: str) -> None:
    assert app(stack, "PING") == "PONG"
    assert "NOPERM" in app(stack, *command.split())


def test_the_apps_password_is_not_the_admins(stack: Stack) -> None:
    assert "PONG" not in app(stack, "--user", "admin", "PING")
    assert admin(stack, "PING").strip() == "PONG"


def test_the_whole_way_of_a_task_needs_no_more(stack: Stack) -> None:
    lines = "".join(f"{number},add,1\n" for number in range(20_000))
    answer = ask("POST", f"{stack.url}/api/batches", "x,task_type,y\n" + lines, {"Content-Type": "text/csv"})
    assert answer.status == 201, answer
    stack.compose("restart", "celery")  # what it held goes back into the queue
    identity = create(stack.url, "1", "add", "1")
    wait_for(partial(finished, stack.url, identity), 60, "the task ends")
    batch = f"{stack.url}/api/batches/{answer.json()['id']}"
    wait_for(lambda: ask("GET", batch).json()["counts"]["success"] == 20_000, 90, "the batch ends")
    wait_for(lambda: ask("GET", f"{stack.url}/api/stats").json()["workers"], 30, "the stats are told")


def test_what_django_offers_for_a_cache_is_all_allowed_but_emptying_it(stack: Stack) -> None:
    script = """
from django.core.cache import cache as c
c.set("t:a", 1, 60); c.add("t:b", {"x": [1]}, 60); c.set_many({"t:c": 1, "t:d": 2}, 60)
assert c.get_many(["t:a", "t:b"]) == {"t:a": 1, "t:b": {"x": [1]}}, c.get_many(["t:a", "t:b"])
assert (c.incr("t:a"), c.decr("t:a"), c.has_key("t:a")) == (2, 1, True)
assert (c.touch("t:a", 9), c.touch("t:a", None)) == (True, True)
assert c.get_or_set("t:e", 5, 60) == 5
c.delete("t:a"); c.delete_many(["t:b", "t:c", "t:d", "t:e"])
print("all allowed")
"""
    assert "all allowed" in stack.compose(
        "exec", "-T", "web", "/app/run.sh", "manage", "shell", "-v", "0", "-c", script
    )
