"""flask-rabbitmq/ as its user starts it and asks it."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from support.http import Answer, ask
from support.stack import IMAGE, Stack
from support.waiting import wait_for

SERVICES = ("rabbitmq", "web", "worker", "haproxy")


def start(url: str, **fields: object) -> Answer:
    """POST / with fields like seconds=1."""
    return ask("POST", f"{url}/", fields)


def started(url: str, seconds: int) -> str:
    """Queue a task; its id."""
    answer = start(url, seconds=seconds)
    assert answer.status == 202, answer
    identity: str = answer.json()["result_id"]
    return identity


def result(url: str, identity: str) -> dict[str, Any]:
    """What is told of a task."""
    answer = ask("GET", f"{url}/results/{identity}")
    assert answer.status == 200, answer
    found: dict[str, Any] = answer.json()
    return found


def ended(url: str, identity: str) -> dict[str, Any] | None:
    """The same once the task has ended, else None."""
    found = result(url, identity)
    return found if found["state"] in {"success", "failed"} else None


def running(url: str, identity: str) -> bool:
    """Whether a worker is at it and has told how far it is."""
    return bool(result(url, identity)["progress"])


class FlaskStack(Stack):
    """Its Compose project. All tests come from one address, so that one has no limits unless a test sets them."""

    def __init__(self) -> None:
        unlimited = {"LIMIT_REQUESTS": "0", "LIMIT_CONNECTIONS": "0"}
        files = ("flask-rabbitmq/docker-compose.yaml",)
        super().__init__("abacus-test-flask", *files, APP_IMAGE=f"{IMAGE}-flask", **unlimited)

    def healthy(self) -> bool:
        """Whether every service says so."""
        found = [self.containers(service) for service in SERVICES]
        return all(containers and all(map(self.is_healthy, containers)) for containers in found)

    def queues(self) -> dict[str, int]:
        """The queues with the number of their messages, as the README tells to look at them."""
        out = self.compose("exec", "-T", "rabbitmq", "rabbitmqctl", "-q", "list_queues", "name", "messages")
        rows = [line.split() for line in out.splitlines()[1:]]
        return {name: int(messages) for name, messages in rows}

    @contextmanager
    def with_settings(self, service: str, **env: str) -> Iterator[None]:
        """Inside of the context the service runs with these settings."""
        self.compose("up", "-d", "--no-deps", service, env=env)
        try:
            wait_for(self.healthy, 60, f"{service} is healthy with {env}")
            yield
        finally:
            self.compose("up", "-d", "--no-deps", service)
            wait_for(self.healthy, 60, f"{service} is healthy without {env}")

    def processes(self, service: str) -> list[str]:
        """Its processes by their ids on the host, oldest first: docker-init, the role, the role's own."""
        (container,) = self.containers(service)
        command = ["docker", "top", container, "-eo", "pid", "--sort", "start_time"]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()[1:]
