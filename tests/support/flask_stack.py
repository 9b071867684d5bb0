"""flask-rabbitmq/ as its user starts it and asks it."""

import subprocess
from typing import Any

from support.http import Answer, ask
from support.stack import IMAGE, Stack

SERVICES = ("rabbitmq", "web", "worker")


def start(url: str, query: str = "") -> Answer:
    """GET / with a query like ?seconds=1."""
    return ask("GET", f"{url}/{query}")


def started(url: str, seconds: int) -> str:
    """Queue a task; its id."""
    answer = start(url, f"?seconds={seconds}")
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
    """Its Compose project."""

    def __init__(self) -> None:
        super().__init__("abacus-test-flask", "flask-rabbitmq/docker-compose.yaml", APP_IMAGE=f"{IMAGE}-flask")

    def healthy(self) -> bool:
        """Whether every service says so."""
        found = [self.containers(service) for service in SERVICES]
        return all(containers and all(map(self.is_healthy, containers)) for containers in found)

    def queues(self) -> dict[str, int]:
        """The queues with the number of their messages, as the README tells to look at them."""
        out = self.compose("exec", "-T", "rabbitmq", "rabbitmqctl", "-q", "list_queues", "name", "messages")
        rows = [line.split() for line in out.splitlines()[1:]]
        return {name: int(messages) for name, messages in rows}

    def processes(self, service: str) -> list[str]:
        """Its processes by their ids on the host, oldest first: docker-init, the role, the role's own."""
        (container,) = self.containers(service)
        command = ["docker", "top", container, "-eo", "pid", "--sort", "start_time"]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()[1:]
