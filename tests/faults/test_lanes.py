"""The two lanes of a web container: neither stays without the other, and a stop waits for what it can."""

import threading
import time
from pathlib import Path

import hostile
import pytest
from checker import Load
from verbs import docker, last

from support.http import Answer, ask
from support.stack import Stack
from support.waiting import wait_for

MASTERS = (
    "for p in /proc/[0-9]*; do ! grep -q uwsgi $p/comm || echo ${p#/proc/} $(sed -n 's/PPid:\\t//p' $p/status) "
    "$(tr '\\0' ' ' <$p/cmdline); done"
)


def master(container: str, lane: str) -> str:
    """The process id of a lane's first process in its container."""
    lines = [line.split(maxsplit=2) for line in docker("exec", container, "sh", "-c", MASTERS).splitlines()]
    pids = {pid for pid, *_ in lines}
    (found,) = [
        pid for pid, parent, command in lines if parent not in pids and (":fast" in command) == (lane == "fast")
    ]
    return found


def niceness(container: str, lane: str) -> str:
    """How far a lane's processes give way."""
    return docker("exec", container, "cut", "-d", " ", "-f", "19", f"/proc/{master(container, lane)}/stat")


def test_the_lane_for_bulk_gives_way_to_the_other(lone: Stack) -> None:
    (container,) = lone.containers("web")
    assert (niceness(container, "fast"), niceness(container, "bulk")) == ("0", "10")


@pytest.mark.parametrize("lane", ["fast", "bulk"])
def test_a_lane_that_dies_is_started_again_and_no_request_fails(lone: Stack, tmp_path: Path, lane: str) -> None:
    (container,) = lone.containers("web")
    started = docker("inspect", "-f", "{{.State.StartedAt}}", container)
    neighbours = Load(lone, tmp_path, 20, 8)
    docker("exec", container, "sh", "-c", f"kill -KILL {master(container, lane)}")
    wait_for(lambda: docker("inspect", "-f", "{{.State.StartedAt}}", container) != started, 30, "it starts again")
    assert not neighbours.report()["failed"]
    wait_for(lambda: {master(container, "fast"), master(container, "bulk")}, 30, "both lanes are there")
    batch = ask(
        "POST", f"{lone.url}/api/batches", b"x,task_type,y\n" + b"1,add,2\n" * 3_000, {"Content-Type": "text/csv"}
    )
    assert batch.status == 201


def test_a_stop_cuts_what_would_outlast_it_and_lets_the_rest_end(lone: Stack) -> None:
    (container,) = lone.containers("web")
    answers: list[Answer] = []
    body = b"x,task_type,y\n" + b"1234567,add,7654321\n" * 20_000

    def send() -> None:
        answers.append(ask("POST", f"{lone.url}/api/batches", body, {"Content-Type": "text/csv"}, timeout=60))

    with hostile.drip(hostile.door(lone), (1, hostile.slow_body("/api/batches", length=9_000_000, rate=30_000))):
        wait_for(lambda: lasts(container), 20, "it is sent")
        honest = threading.Thread(target=send)
        honest.start()
        began = time.monotonic()
        docker("stop", container)
        took = time.monotonic() - began
        honest.join()
    docker("start", container)
    assert took < 32  # and not 35, when Docker kills everything
    assert [answer.status for answer in answers] == [201]


def connected(container: str) -> set[str]:
    """Who is connected to the lane for bulk, on port 8001 (1F41)."""
    found = docker("exec", container, "sh", "-c", "grep -E ':1F41 [0-9A-F:]+ 01 ' /proc/net/tcp || true")
    return {line.split()[2] for line in found.splitlines()}


def lasts(container: str) -> bool:
    """Whether somebody stays connected: a check is over a second later, an upload is not."""
    before = connected(container)
    last(1)
    return bool(before & connected(container))
