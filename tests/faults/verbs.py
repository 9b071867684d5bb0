"""Faults as verbs. Each is a context: inside of it the fault lasts, after it the victim is there again."""

import json
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from support.stack import Stack
from support.waiting import wait_for


def docker(*arguments: str) -> str:
    """docker ...; its standard output."""
    result = subprocess.run(["docker", *arguments], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


def last(seconds: float) -> None:
    """Let a fault last: its length is part of the fault, there is no condition to wait for."""
    threading.Event().wait(seconds)


def running(container: str) -> bool:
    """Whether it runs."""
    return docker("inspect", "-f", "{{.State.Running}}", container) == "true"


@contextmanager
def kill(container: str, seconds: float) -> Iterator[None]:
    """SIGKILL of the host's process: `docker kill` would count as a manual stop, and nothing would restart it."""
    pid, started = docker("inspect", "-f", "{{.State.Pid}} {{.State.StartedAt}}", container).split()
    subprocess.run(["kill", "-KILL", pid], check=True)
    yield
    again = lambda: docker("inspect", "-f", "{{.State.StartedAt}}", container) != started  # noqa: E731
    wait_for(again, 30, "the restart policy starts it again")


@contextmanager
def stop(container: str, seconds: float) -> Iterator[None]:
    """docker stop, as a person or a deployment does it; then docker start."""
    docker("stop", container)
    try:
        yield
        last(seconds / 4)
    finally:  # a test that fails meanwhile must not take the next ones with it
        docker("start", container)


@contextmanager
def pause(container: str, seconds: float) -> Iterator[None]:
    """Frozen: alive, connected, answering nothing."""
    # on a machine that is very busy the kernel gives up freezing after two seconds, and nothing is frozen then
    command = ["docker", "pause", container]
    wait_for(lambda: subprocess.run(command, capture_output=True).returncode == 0, 30, f"{container} is frozen")
    try:
        yield
        last(seconds)
    finally:
        docker("unpause", container)


@contextmanager
def cut(container: str, seconds: float) -> Iterator[None]:
    """Off all its networks, then on them again under the same names."""
    networks = json.loads(docker("inspect", "-f", "{{json .NetworkSettings.Networks}}", container))
    # edge before data, and back the other way round: it has no clients while it has no database
    for network in sorted(networks, reverse=True):
        docker("network", "disconnect", network, container)
    try:
        yield
        last(seconds)
    finally:
        for network, settings in sorted(networks.items()):
            aliases = [part for alias in settings["Aliases"] or [] for part in ("--alias", alias)]
            docker("network", "connect", *aliases, network, container)


Verb = Callable[[str, float], AbstractContextManager[None]]
VERBS: dict[str, Verb] = {"kill": kill, "stop": stop, "pause": pause, "cut": cut}


SWEEPER = "SELECT holder FROM durable_lease WHERE until > UTC_TIMESTAMP(6)"


def sweeper(stack: Stack, but: str = "") -> str:
    """The process whose turn the clockwork is, as the lease names it; empty while it is nobody's, or that one's."""
    return next((row[0] for row in stack.sql(SWEEPER) if row[0] != but), "")


def container_of(stack: Stack, process: str) -> str:
    """The worker's container in which the process runs."""
    containers = stack.containers("celery")
    (found,) = (c for c in containers if process.startswith(docker("inspect", "-f", "{{.Config.Hostname}}", c)))
    return found


HELD = "SELECT worker FROM durable_claim WHERE ids IS NOT NULL"


def kill_child(stack: Stack, container: str) -> str:
    """SIGKILL of a pool process that is at work; its name as the rows know it."""
    worker = wait_for(lambda: next((row[0] for row in stack.sql(HELD)), ""), 20, "a task is pending", every=0.02)
    docker("exec", container, "sh", "-c", f"kill -KILL {worker.rpartition('/')[2]}")
    return worker
