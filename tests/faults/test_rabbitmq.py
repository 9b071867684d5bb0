"""The stack on RabbitMQ: the same promises, and what RabbitMQ alone can do wrong."""

import json
import secrets
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from checker import next_id, settle
from test_matrix import cell
from test_recovery import created, until_ended
from verbs import VERBS, docker, pause

from support.http import ask
from support.needs import need
from support.rotation import documented, follow
from support.stack import Stack, docker_missing
from support.waiting import wait_for

FILES = ("docker-compose.yaml", "docker-compose-rabbitmq.yaml")
QUEUES = {"tasks", "batches"}


@pytest.fixture(scope="module")
def running() -> Iterator[Stack]:
    """A stack of its own, of both files, with two workers."""
    need(docker_missing())
    with Stack("abacus-rabbitmq", *FILES) as stack:
        stack.up("--scale", "celery=2", "--no-recreate")
        yield stack


@pytest.fixture
def rabbit(running: Stack) -> Stack:
    """The same, well again before each test."""
    running.wait_healthy("rabbitmq", "celery")
    wait_for(running.healthy, 60, "/health answers 200")
    return running


def rabbitmqctl(stack: Stack, *command: str) -> list[list[str]]:
    """What RabbitMQ's own tool lists, row by row."""
    listed = stack.compose("exec", "-T", "rabbitmq", "rabbitmqctl", "-q", "--no-table-headers", *command)
    return [line.split("\t") for line in listed.splitlines()]


def consumers(stack: Stack) -> list[list[str]]:
    """Who listens: the queue, and how many messages it is given at a time."""
    return rabbitmqctl(stack, "list_consumers", "queue_name", "prefetch_count")


def restarts(stack: Stack) -> list[str]:
    """How often each worker was started again."""
    return [docker("inspect", "-f", "{{.RestartCount}}", worker) for worker in stack.containers("celery")]


def test_the_queues_are_quorum_queues_and_nobody_declares_others(rabbit: Stack) -> None:
    until_ended(rabbit, created(rabbit, 5), 20)
    assert {tuple(row) for row in rabbitmqctl(rabbit, "list_queues", "name", "type")} == {(q, "quorum") for q in QUEUES}
    assert ask("GET", f"{rabbit.url}/health").json()["rabbitmq"] == "ok"


def test_a_batch_runs(rabbit: Stack) -> None:
    first = next_id(rabbit)
    lines = "".join(f"{number},add,1\n" for number in range(10_000))
    answer = ask("POST", f"{rabbit.url}/api/batches", "x,task_type,y\n" + lines, {"Content-Type": "text/csv"})
    assert answer.status == 201, answer
    settle(rabbit, first, 60)
    ended = rabbit.sql(f"SELECT status, COUNT(*), MAX(attempts) FROM math_task WHERE id >= {first} GROUP BY 1")
    assert ended == [["success", "10000", "1"]]
    wait_for(lambda: ask("GET", f"{rabbit.url}/api/stats").json()["queue_depth"] == 0, 20, "the queue is told")


def test_its_container_is_hardened_and_its_password_nowhere_to_be_seen(rabbit: Stack) -> None:
    (container,) = rabbit.containers("rabbitmq")
    description = json.loads(docker("inspect", container))[0]
    host = description["HostConfig"]
    assert (host["ReadonlyRootfs"], host["CapDrop"], host["CapAdd"]) == (True, ["ALL"], None)
    assert description["NetworkSettings"]["Ports"].get("5672/tcp") is None
    assert "0" not in {line.split()[0] for line in docker("top", container, "-eo", "uid,pid").splitlines()[1:]}
    password = docker("exec", container, "cat", "/run/secrets/rabbitmq_password")
    everyone = rabbit.compose("ps", "--all", "--quiet").split()
    assert len(password) >= 32
    assert password not in docker("inspect", *everyone) + docker("top", container)
    assert password not in rabbit.compose("logs", "--no-color")


@pytest.mark.parametrize("verb", VERBS)
def test_nothing_is_lost_or_doubled(rabbit: Stack, verb: str, tmp_path: Path, fault_seconds: float) -> None:
    before = restarts(rabbit)
    outcome = cell(rabbit, "rabbitmq", verb, tmp_path, fault_seconds / 2)  # the next test has a longer one
    print(f"\nrabbitmq {verb:6} {outcome.line()}")
    assert outcome.accepted > 0
    assert not (outcome.lost or outcome.doubled or outcome.wrong or outcome.failed), outcome.line()
    # its outage restarts no worker, and leaves none with fewer messages at a time than it has processes
    assert restarts(rabbit) == before
    listening = sorted([queue, "2"] for queue in QUEUES for _ in before)
    wait_for(lambda: sorted(consumers(rabbit)) == listening, 20, "both workers listen to all queues")


def test_what_waited_for_rabbitmq_runs_within_fifteen_seconds_of_its_return(rabbit: Stack) -> None:
    (container,) = rabbit.containers("rabbitmq")
    with pause(container, 0):
        started = time.monotonic()
        identities = created(rabbit, 20)
        asked = time.monotonic() - started
        page = partial(ask, "GET", f"{rabbit.url}/")
        wait_for(lambda: "RabbitMQ is away" in page().body.decode(), 20, "the page says so")
        assert ask("GET", f"{rabbit.url}/health").json()["rabbitmq"].startswith("away")
    took = until_ended(rabbit, identities, 30)
    print(f"\nRabbitMQ frozen: 20 tasks accepted in {asked:.2f} s, all ended {took:.1f} s after its return")
    assert asked < 10  # none of them waited for RabbitMQ
    assert took < 15


def test_rabbitmq_may_forget_everything(rabbit: Stack) -> None:
    counted = "from durable.celery.depths import depths_of; print(depths_of(['tasks'])['tasks'])"
    count = ("exec", "-T", "web", "python", "web/manage.py", "shell", "-v", "0", "-c", counted)
    rabbit.compose("stop", "celery")
    try:
        identities = created(rabbit, 20)
        wait_for(lambda: int(rabbit.compose(*count)), 20, "the messages wait in RabbitMQ")
        rabbit.compose("exec", "-T", "rabbitmq", "rabbitmqctl", "-q", "delete_queue", "tasks")
        assert int(rabbit.compose(*count)) == 0
    finally:
        rabbit.compose("start", "celery")
    until_ended(rabbit, identities, 60)


def test_redis_is_only_the_cache_then(rabbit: Stack) -> None:
    rabbit.compose("stop", "redis")
    try:
        until_ended(rabbit, created(rabbit, 5), 10)
    finally:
        rabbit.compose("start", "redis")


def test_its_password_is_changed_as_the_security_page_says(rabbit: Stack, tmp_path: Path) -> None:
    def known() -> str:
        return rabbit.compose("exec", "-T", "rabbitmq", "cat", "/run/secrets/rabbitmq_password")

    def opens(password: str) -> bool:
        listed = rabbit.compose(
            "exec", "-T", "rabbitmq", "rabbitmqctl", "authenticate_user", "abacus", password, check=False
        )
        return "Success" in listed

    old, file = known(), tmp_path / "rabbitmq_password"
    file.write_text(secrets.token_hex(32))
    file.chmod(0o444)
    follow(rabbit, documented("`RABBITMQ_PASSWORD_FILE`"), file)
    rabbit.env["RABBITMQ_PASSWORD_FILE"] = str(file)
    rabbit.up("--force-recreate", "--scale", "celery=2")
    assert known() == file.read_text() != old
    assert (opens(old), opens(file.read_text())) == (False, True)
    until_ended(rabbit, created(rabbit, 5), 20)
