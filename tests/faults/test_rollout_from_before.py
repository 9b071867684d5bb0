"""A rollout from the release before to this one, under load: no request fails, nothing is lost, nothing ends twice."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from checker import Load, check, next_id, rows, settle
from verbs import docker

from support.needs import need
from support.stack import IMAGE, ROOT, Stack, docker_missing
from support.waiting import wait_for

# Until there is a release of this engine: the commit in which it became a package of its own.
BEFORE = "048e643924c73206356d08a9a90cf25c029b613f"
OLD_IMAGE = f"{IMAGE}-before"


class Running(Stack):
    """A stack of the old checkout."""

    def __init__(self, root: Path) -> None:
        super().__init__("abacus-test-from-before", APP_IMAGE=OLD_IMAGE)
        self.root = root

    def rollout(self) -> "subprocess.CompletedProcess[str]":
        """./run.sh rollout of this checkout."""
        env = {**self.env, "COMPOSE_PROJECT_NAME": self.project, "APP_IMAGE": IMAGE}
        command = ["./run.sh", "rollout"]
        return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=400)


def checked_out(folder: Path) -> Path:
    """The old code."""
    if not shutil.which("git") or subprocess.run(["git", "cat-file", "-e", BEFORE], cwd=ROOT).returncode:
        pytest.skip(f"commit {BEFORE} is not in this clone: fetch its history to run this test")
    folder.mkdir()
    archive = subprocess.run(["git", "archive", BEFORE], cwd=ROOT, capture_output=True, check=True)
    subprocess.run(["tar", "-x", "-C", folder], input=archive.stdout, check=True)
    return folder


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """It, running."""
    need(docker_missing())
    with Running(checked_out(tmp_path_factory.mktemp("before") / "project")) as stack:
        yield stack
    subprocess.run(["docker", "image", "rm", "-f", OLD_IMAGE], capture_output=True)


def images(stack: Stack) -> set[str]:
    """Of what runs."""
    containers = [container for service in ("web", "celery") for container in stack.containers(service)]
    return {docker("inspect", "-f", "{{.Config.Image}}", container) for container in containers}


def follows_by_one_up(old: Running) -> None:
    """What is in front and behind takes this checkout's settings, and keeps the rows."""
    new = Stack("abacus-test-from-before", HTTP_PORT=str(old.port))
    new.port, new.url = old.port, old.url
    new.up("--build")
    new.wait_healthy("haproxy", "mysql", "redis", "web", "celery")
    assert next_id(new) > 1


def test_no_request_fails_no_task_is_lost_and_the_rest_follows_by_one_up(old: Running, tmp_path: Path) -> None:
    first = next_id(old)
    load = Load(old, tmp_path, 50, 90)
    wait_for(lambda: next_id(old) > first + 20, 20, "the load runs")
    result = old.rollout()
    assert result.returncode == 0, result.stderr
    assert load.process.poll() is None, "the rollout took longer than the load"
    before = rows(old, first)
    report = load.report()
    settled = settle(old, first, 60)
    outcome = check(before, rows(old, first), report, settled)
    print(f"\nrollout from {BEFORE[:7]} {outcome.line()}")
    assert images(old) == {IMAGE}
    assert not outcome.failed, outcome.line()
    assert not (outcome.lost or outcome.doubled or outcome.wrong), outcome.line()
    follows_by_one_up(old)
