"""An update that fails, on an engine with containerd's image store, where a build drops what its name meant before."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.needs import need
from support.stack import ROOT
from support.swarm import MACHINES, NODES, run, swarm_missing

BASE = "debian:trixie-slim"
# What a rollout asks of Abacus's own file: an image that `secrets` builds, and a migration that fails if it is told to.
PROJECT = f"""
x-app: &app
  image: rolled
  build: {{context: ., dockerfile_inline: "FROM {BASE}\\nLABEL version=$VERSION\\n"}}
services:
  secrets: {{<<: *app, command: ["true"]}}
  migrate: {{<<: *app, command: ["sh", "-c", "exit $FAILS"]}}
  web: {{<<: *app}}
  celery: {{<<: *app}}
"""


class Engine:
    """A nested one, and a project that is rolled out on it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "docker-compose.yaml").write_text(PROJECT)
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "DOCKER_CONFIG") if name in os.environ}
        address = run(str(NODES), "address", MACHINES[0])
        self.env = {**kept, "DOCKER_HOST": f"tcp://{address}:2375", "COMPOSE_PROJECT_NAME": "rolled"}

    def rollout(self, version: str, fails: int = 0) -> "subprocess.CompletedProcess[str]":
        """./run.sh rollout."""
        env = {**self.env, "VERSION": version, "FAILS": str(fails)}
        return subprocess.run([ROOT / "rollout.sh"], cwd=self.folder, env=env, capture_output=True, text=True)

    def version(self, image: str) -> str:
        """Of what the name means now."""
        command = ["docker", "image", "inspect", "-f", '{{index .Config.Labels "version"}}', image]
        return subprocess.run(command, env=self.env, capture_output=True, text=True).stdout.strip()


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """It, with the image that ours is made of."""
    need(swarm_missing())
    arguments = "--feature containerd-snapshotter=true --host=tcp://0.0.0.0:2375 --tls=false"
    run(str(NODES), "down")
    try:
        done = subprocess.run([NODES, "up", "1"], env={**os.environ, "NODES_ARGS": arguments}, capture_output=True)
        assert done.returncode == 0, done.stderr
        run(str(NODES), "load", BASE)
        yield Engine(tmp_path_factory.mktemp("project"))
    finally:
        run(str(NODES), "down")


def test_the_engine_is_such_a_one(engine: Engine) -> None:
    told = run("docker", "exec", MACHINES[0], "docker", "info", "-f", "{{.DriverStatus}}")
    assert "io.containerd.snapshotter" in told


def test_the_image_before_has_its_name_again_after_a_migration_that_failed(engine: Engine) -> None:
    assert engine.rollout("first").returncode == 0
    failed = engine.rollout("second", fails=1)
    assert (failed.returncode, "the migrations failed" in failed.stderr) == (1, True), failed.stderr
    assert engine.version("rolled") == engine.version("rolled:previous") == "first"
    done = engine.rollout("third")
    assert done.returncode == 0, done.stderr
    assert (engine.version("rolled"), engine.version("rolled:previous")) == ("third", "first")
