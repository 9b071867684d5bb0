"""Scaling and rolling updates under load, without a failed request."""

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from checker import Load, check, next_id, rows, settle
from images import derived
from verbs import docker

from support.stack import ROOT, Stack
from support.waiting import wait_for

BROKEN = "RUN rm /app/web/config/wsgi.py"
NEW = "LABEL test=new"


def rollout(stack: Stack, image: str) -> "subprocess.CompletedProcess[str]":
    """./run.sh rollout, as documented."""
    env = {**stack.env, "COMPOSE_PROJECT_NAME": stack.project, "APP_IMAGE": image}
    return subprocess.run(
        ["./run.sh", "rollout", "--no-build"], cwd=ROOT, env=env, capture_output=True, text=True, timeout=300
    )


@pytest.fixture
def rolled(faulty: Stack) -> Iterator[Stack]:
    """A stack that goes back to its own image afterwards."""
    yield faulty
    faulty.up("--scale", "web=2", "--scale", "celery=2")


def test_scaling_web_up_and_down_fails_no_request(
    faulty: Stack, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    long = request.config.getoption("--long")
    rounds, rate = (10, 200.0) if long else (2, 100.0)
    first, since = next_id(faulty), str(int(time.time()))
    load = Load(faulty, tmp_path, rate, rounds * 30)
    for _ in range(rounds):
        for count in (5, 1):
            faulty.compose("up", "-d", "--no-recreate", "--scale", f"web={count}", "--scale", "celery=2")
    before = rows(faulty, first)
    report = load.report()
    settled = settle(faulty, first, 60)
    outcome = check(before, rows(faulty, first), report, settled)
    print(f"\nscaling {rounds} rounds at {rate:g}/s {outcome.line()}")
    assert not outcome.failed, outcome.line()
    assert not (outcome.lost or outcome.doubled or outcome.wrong), outcome.line()
    # A busy uWSGI process must not be taken for a stuck one.
    assert "HARAKIRI" not in faulty.compose("logs", "--since", since, "web")


def test_a_rollout_replaces_every_container_and_fails_no_request(rolled: Stack, tmp_path: Path) -> None:
    image, first = derived("new", NEW), next_id(rolled)
    old = {container for service in ("web", "celery") for container in rolled.containers(service)}
    load = Load(rolled, tmp_path, 60, 45)
    wait_for(lambda: next_id(rolled) > first + 20, 20, "the load runs")
    result = rollout(rolled, image)
    assert result.returncode == 0, result.stderr
    before = rows(rolled, first)
    report = load.report()
    settled = settle(rolled, first, 60)
    outcome = check(before, rows(rolled, first), report, settled)
    print(f"\nrollout {outcome.line()}")
    assert not outcome.failed, outcome.line()
    assert not (outcome.lost or outcome.doubled), outcome.line()
    new = {container for service in ("web", "celery") for container in rolled.containers(service)}
    assert len(new) == len(old)
    assert not new & old
    assert {docker("inspect", "-f", "{{.Config.Image}}", container) for container in new} == {image}


def test_a_broken_image_stops_the_rollout_and_the_old_containers_serve_on(rolled: Stack, tmp_path: Path) -> None:
    image, first = derived("broken", BROKEN), next_id(rolled)
    old = rolled.containers("web")
    load = Load(rolled, tmp_path, 60, 25)
    wait_for(lambda: next_id(rolled) > first + 20, 20, "the load runs")
    result = rollout(rolled, image)
    assert result.returncode != 0
    assert "a new container does not turn healthy" in result.stderr
    assert sorted(rolled.containers("web")) == sorted(old)
    report = load.report()
    settle(rolled, first, 60)
    assert not report["failed"], report["failed"]
