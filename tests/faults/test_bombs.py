"""Bodies that are made to cost memory cost none, and no neighbour's request."""

import threading
from pathlib import Path

import hostile
import pytest
from checker import Load
from verbs import docker

from support.http import ask
from support.stack import Stack

SIZE = 10_000_000
BOUND = 160  # MB that no uWSGI process may ever have held: 75 is what it takes to have loaded everything
PEAK = "sed -n 's/VmHWM:[^0-9]*\\([0-9]*\\) kB/\\1/p' $p/status"
PEAKS = f"for p in /proc/[0-9]*; do ! grep -q uwsgi $p/comm || {PEAK}; done"
BOMBS = hostile.bombs(SIZE)


def test_four_bombs_of_each_shape_at_once_are_refused_and_cost_nobody_anything(lone: Stack, tmp_path: Path) -> None:
    (container,) = lone.containers("web")
    restarts = docker("inspect", "-f", "{{.RestartCount}}", container)
    neighbours = Load(lone, tmp_path, 20, 20)
    for name, bomb in BOMBS.items():
        statuses: list[int] = []
        threads = [threading.Thread(target=throw, args=(lone, bomb, statuses)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        peak = max(map(int, docker("exec", container, "sh", "-c", PEAKS).split())) // 1_000
        print(f"\n{name}: {statuses}, peak {peak} MB", end="")
        assert len(statuses) == 4
        assert set(statuses) <= {413, 422}, name
        assert peak < BOUND, name
    report = neighbours.report()
    assert not report["failed"]
    assert docker("inspect", "-f", "{{.RestartCount}}", container) == restarts


def throw(stack: Stack, bomb: bytes, statuses: list[int]) -> None:
    """One of them."""
    headers = {"Content-Type": hostile.content_type(bomb)}
    answer = ask("POST", f"{stack.url}/api/batches", bomb, headers, timeout=120)
    assert answer.json()["error"]
    statuses.append(answer.status)


@pytest.mark.parametrize(
    ("path", "content_type"),
    [
        ("/api/tasks", "application/json"),
        ("/api/tasks/cancel", "application/json"),
        ("/", "application/x-www-form-urlencoded"),
    ],
)
def test_what_is_no_batch_is_refused_above_16_kilobytes(lone: Stack, path: str, content_type: str) -> None:
    for size in (17_000, SIZE):
        answer = ask("POST", f"{lone.url}{path}", b"x" * size, {"Content-Type": content_type})
        assert answer.status == 413
        assert b"16 kB" in answer.body
