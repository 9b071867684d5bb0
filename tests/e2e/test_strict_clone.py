"""A clone whose files are its user's alone (umask 077), started and updated as README says."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.embedded import copy_of_the_project
from support.http import ask
from support.needs import need
from support.stack import IMAGE, Stack, docker_missing


class StrictClone(Stack):
    """A stack of another checkout, with an image of its own."""

    def __init__(self, root: Path) -> None:
        super().__init__("abacus-test-strict", APP_IMAGE=f"{IMAGE}-strict", COMPOSE_PROFILES="somebodys")
        self.root = root

    def image(self) -> str:
        """What the image's name means now."""
        command = ["docker", "image", "inspect", "-f", "{{.Id}}", self.env["APP_IMAGE"]]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    def rollout(self) -> subprocess.CompletedProcess[str]:
        """./run.sh rollout."""
        env = {**self.env, "COMPOSE_PROJECT_NAME": self.project}
        command = ["./run.sh", "rollout"]
        return subprocess.run(command, cwd=self.root, env=env, capture_output=True, text=True, timeout=300)


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StrictClone]:
    """It, running, with a profile of somebody else's active."""
    need(docker_missing())
    root = copy_of_the_project(tmp_path_factory.mktemp("strict") / "project")
    for path in [root, *root.rglob("*")]:
        path.chmod(path.stat().st_mode & 0o700)
    stack = StrictClone(root)
    try:
        with stack:
            yield stack
    finally:
        subprocess.run(["docker", "image", "rm", "-f", *names(stack)], capture_output=True)


def names(stack: StrictClone) -> list[str]:
    """The image, and the one before it."""
    image = stack.env["APP_IMAGE"]
    return [image, f"{image}:previous"]


def test_everything_runs_from_a_clone_that_is_its_users_alone(strict: StrictClone) -> None:
    strict.wait_healthy("redis", "mysql", "web", "celery", "haproxy")
    assert ask("GET", f"{strict.url}/").status == 200


def test_pulling_asks_no_registry_for_what_is_built_here(strict: StrictClone) -> None:
    result = subprocess.run(
        ["docker", "compose", "-p", strict.project, "pull", "secrets", "migrate", "web", "celery", "haproxy"],
        cwd=strict.root,
        env=strict.env,
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr


def test_a_rollout_whose_migration_fails_leaves_the_image_that_was_there(strict: StrictClone) -> None:
    before, containers = strict.image(), strict.containers("web")
    command = strict.root / "web" / "durable" / "management" / "commands" / "migrate_once.py"
    kept = command.read_text()
    command.write_text("raise SystemExit('this version cannot migrate')\n")
    try:
        result = strict.rollout()
    finally:
        command.write_text(kept)
    assert result.returncode == 1, result.stdout + result.stderr
    assert "the migrations failed" in result.stderr
    assert (strict.image(), strict.containers("web")) == (before, containers)
    assert ask("GET", f"{strict.url}/health").status == 200
