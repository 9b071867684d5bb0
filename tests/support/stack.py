"""The Compose stack as a user starts it, under a project name and a port of its own."""

import hashlib
import json
import os
import re
import shutil
import subprocess
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

from support.embedded import free_port
from support.http import ask
from support.sql import Client
from support.waiting import wait_for

ROOT = Path(__file__).resolve().parent.parent.parent
# Two checkouts on one machine do not tear each other's stacks down.
CHECKOUT = hashlib.sha256(str(ROOT).encode()).hexdigest()[:6]
IMAGE = f"abacus-test-{CHECKOUT}"

COMPLAINT = re.compile(r" 5\d\d \d+ - - |\b(WARNING|ERROR|CRITICAL)\b|Server \S+ is ")


def docker_missing() -> str:
    """Why the Compose tests cannot run here; empty if they can."""
    if not shutil.which("docker"):
        return "no docker command: install the Docker Engine with Compose to run these tests"
    if subprocess.run(["docker", "info"], capture_output=True).returncode:
        return "no Docker Engine answers: start it to run these tests"
    if subprocess.run(["docker", "compose", "version"], capture_output=True).returncode:
        return "docker has no compose plugin: install Compose v2 to run these tests"
    return ""


class Stack:
    """A running Compose project; `with` starts it and removes all of it at the end."""

    root = ROOT  # the checkout

    def __init__(self, project: str, *files: str, **env: str) -> None:
        self.project, self.files, self.port = f"{project}-{CHECKOUT}", files, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.database = Client(lambda: self.containers("mysql")[0])
        kept = {k: os.environ[k] for k in ("PATH", "HOME", "DOCKER_HOST", "DOCKER_CONFIG") if k in os.environ}
        # All tests come from one address.
        limits = dict.fromkeys(("LIMIT_REQUESTS", "LIMIT_CONNECTIONS", "LIMIT_LOGINS", "LIMIT_BULK"), "0")
        self.env = {**kept, **limits, "HTTP_PORT": str(self.port), "APP_IMAGE": IMAGE, **env}

    @property
    def addresses(self) -> list[str]:
        """Where load is put on it."""
        return [f"127.0.0.1:{self.port}"]

    def compose(self, *arguments: str, check: bool = True, env: dict[str, str] | None = None) -> str:
        """docker compose ...; its standard output."""
        files = [part for name in self.files for part in ("-f", name)]
        command = ["docker", "compose", "-p", self.project, *files, *arguments]
        result = subprocess.run(command, cwd=self.root, env={**self.env, **(env or {})}, capture_output=True, text=True)
        if check and result.returncode:
            raise AssertionError(f"{' '.join(command)}: {result.stderr}\n{self.logs()}")
        return result.stdout

    def run_sh(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """./run.sh ... on this machine, for the project."""
        env = {**self.env, "COMPOSE_PROJECT_NAME": self.project}
        return subprocess.run(["./run.sh", *arguments], cwd=self.root, env=env, capture_output=True, text=True)

    def logs(self) -> str:
        """The last lines of all services."""
        return self.compose("logs", "--tail", "40", "--no-color", check=False)

    def complaints(self, since: float) -> str:
        """What went wrong since then (Unix time): HAProxy's 5xx, and warnings and worse of the app."""
        lines = self.compose("logs", "--no-color", "--since", str(int(since)), check=False).splitlines()
        return "\n".join([line for line in lines if COMPLAINT.search(line)][-60:])

    def containers(self, service: str) -> list[str]:
        """The ids of a service's running containers."""
        return self.compose("ps", "-q", service).split()

    def inspect(self, container: str) -> dict[str, object]:
        """docker inspect."""
        result = subprocess.run(["docker", "inspect", container], capture_output=True, text=True, check=True)
        found: dict[str, object] = json.loads(result.stdout)[0]
        return found

    def health(self, container: str) -> str:
        """What its health check says: starting, healthy or unhealthy."""
        template = "{{.State.Health.Status}}"
        result = subprocess.run(["docker", "inspect", "-f", template, container], capture_output=True, text=True)
        return result.stdout.strip()

    def wait_healthy(self, *services: str) -> None:
        """Wait until every container of the services is healthy."""
        for container in (container for service in services for container in self.containers(service)):
            wait_for(partial(self.is_healthy, container), 120, f"{self.inspect(container)['Name']} is healthy", 0.5)

    def is_healthy(self, container: str) -> bool:
        """Whether its health check says so."""
        return self.health(container) == "healthy"

    def sql(self, statement: str) -> list[list[str]]:
        """Rows of a statement in the local MySQL, run as the app's user."""
        return self.database.run(statement)

    def healthy(self) -> bool:
        """Whether the whole stack says that it is well."""
        try:
            return ask("GET", f"{self.url}/health", timeout=5).status == 200
        except OSError:
            return False

    def up(self, *arguments: str, **env: str) -> None:
        """docker compose up -d, until the page says that all is well."""
        self.compose("up", "-d", *arguments, env=env)
        wait_for(self.healthy, 60, "/health answers 200")

    def down(self) -> None:
        """Remove the project with its volumes, and the images that are its own.

        Not by `--rmi local`: that takes the app's image along, which all stacks share, from whoever built it last.
        """
        self.database.close()
        self.compose("down", "-v", "--remove-orphans", "--timeout", "5", check=False)
        own = [f"{self.project}-{service}" for service in ("haproxy", "prometheus")]
        subprocess.run(["docker", "image", "rm", "-f", *own], capture_output=True)

    def __enter__(self) -> Self:
        self.down()  # what an earlier run that was killed has left
        try:
            self.up("--build")
        except BaseException:
            self.down()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.down()


def bridge_address() -> str:
    """This host's address on Docker's own bridge, which containers can reach."""
    template = "{{(index .IPAM.Config 0).Gateway}}"
    command = ["docker", "network", "inspect", "bridge", "-f", template]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
