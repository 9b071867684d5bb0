"""Three machines, each a Docker Engine in a container of its own, joined to one Swarm, and Abacus on them."""

import os
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from support.pins import pin
from support.sql import ONCE, table
from support.stack import COMPLAINT, IMAGE, ROOT, Stack, docker_missing
from support.waiting import wait_for

NODES = ROOT.parent / "shared" / "docker" / "nodes"
# The first is the manager, and keeps the data.
MACHINES = ("node1", "node2", "node3")
EDGES = ("node2", "node3")
SERVICES = ("mysql", "redis", "web", "celery", "haproxy")
FILES = ("run.sh", "stack.sh", "stack-secrets.sh", "backup.sh", "docker-stack.yaml", "pyproject.toml")
PORT = 8080


def swarm_missing() -> str:
    """Why the tests of several machines cannot run here; empty if they can."""
    if not os.access(NODES, os.X_OK):
        return f"no cluster of nested engines: {NODES} would make one"
    return docker_missing()


def run(*command: str) -> str:
    """Its standard output."""
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, f"{' '.join(command)}: {result.stdout}{result.stderr}"
    return result.stdout.strip()


class Swarm:
    """The cluster; `with` builds its images, `make` starts it, and afterwards all of it is removed."""

    project = "swarm"

    def __init__(self) -> None:
        self.build = Stack("abacus-swarm")
        limits = dict.fromkeys(("LIMIT_REQUESTS", "LIMIT_CONNECTIONS", "LIMIT_LOGINS", "LIMIT_BULK"), "0")
        edge = f"{self.build.project}-haproxy"
        self.settings = {**limits, "APP_IMAGE": IMAGE, "EDGE_IMAGE": edge, "HTTP_PORT": str(PORT)}

    def on(self, machine: str, *command: str) -> str:
        """A command on one of the machines."""
        return run("docker", "exec", "-i", machine, *command)

    def stack(self, *verb: str, **env: str) -> "subprocess.CompletedProcess[str]":
        """./run.sh stack VERB on the manager, with these settings in its .env."""
        settings = "".join(f"{name}={value}\n" for name, value in {**self.settings, **env}.items())
        self.write("/abacus/.env", settings)
        command = ["docker", "exec", "-w", "/abacus", MACHINES[0], "./run.sh", "stack", *verb]
        return subprocess.run(command, capture_output=True, text=True, timeout=600)

    def write(self, path: str, text: str) -> None:
        """A file on the manager."""
        command = ["docker", "exec", "-i", MACHINES[0], "sh", "-c", 'cat >"$0"', path]
        subprocess.run(command, input=text, text=True, check=True)

    @property
    def addresses(self) -> list[str]:
        """Where the edge machines answer."""
        return [self.address(machine) for machine in EDGES]

    def address(self, machine: str) -> str:
        """Where one of them answers."""
        return f"{run(str(NODES), 'address', machine)}:{PORT}"

    def tasks(self, service: str) -> list[list[str]]:
        """Machine and image of each container that runs, as Swarm knows it."""
        form = "{{.CurrentState}}\t{{.Node}}\t{{.Image}}"
        listed = self.on(
            MACHINES[0],
            *("docker", "service", "ps", "--filter", "desired-state=running", "--format", form, f"abacus_{service}"),
        )
        return [row[1:] for row in table(listed) if row[0].startswith("Running")]

    def placed(self, service: str) -> Counter[str]:
        """How many of its containers run on each machine."""
        return Counter(machine for machine, _ in self.tasks(service))

    def containers(self, service: str) -> set[str]:
        """Those that run, by Swarm's name of each."""
        ask = ("docker", "service", "ps", "-q", "--no-trunc", "--filter", "desired-state=running", f"abacus_{service}")
        return set(self.on(MACHINES[0], *ask).split())

    def secrets(self) -> set[str]:
        """Their names, which change with their contents."""
        return set(self.on(MACHINES[0], "docker", "secret", "ls", "--format", "{{.Name}}").split())

    def inside(self, machine: str, service: str, *command: str) -> str:
        """A command in the service's container on that machine."""
        container = self.on(machine, "docker", "ps", "-q", "--filter", f"name=abacus_{service}.").split()[0]
        return self.on(machine, "docker", "exec", container, *command)

    def sql(self, statement: str) -> list[list[str]]:
        """Rows of a statement in the cluster's MySQL, run as the app's user."""
        return table(self.inside(MACHINES[0], "mysql", "sh", "-c", ONCE, statement))

    def well(self) -> bool:
        """Whether everything runs, and each edge machine says that it is well."""
        return self.stack("status").returncode == 0

    def complaints(self, since: float) -> str:
        """What went wrong since then (Unix time)."""
        # Each machine tells its own: `docker service logs` waits for ever for a container that is gone.
        script = 'for name in $(docker ps -aq --filter name=abacus_); do docker logs --since "$0" "$name" 2>&1; done'
        commands = [["docker", "exec", machine, "sh", "-c", script, str(int(since))] for machine in MACHINES]
        told = [subprocess.run(command, capture_output=True, text=True).stdout for command in commands]
        return "\n".join([line for text in told for line in text.splitlines() if COMPLAINT.search(line)][-60:])

    @contextmanager
    def killed(self, machine: str) -> Iterator[None]:
        """A machine loses its power, and has it again afterwards."""
        run(str(NODES), "kill", machine)
        try:
            yield
        finally:
            run(str(NODES), "start", machine)

    @contextmanager
    def cut_off(self, machine: str) -> Iterator[None]:
        """A machine and the other two do not reach each other; clients reach all of them."""
        others = [run(str(NODES), "address", other) for other in MACHINES if other != machine]
        rules = [rule for other in others for rule in (("INPUT", "-s", other), ("OUTPUT", "-d", other))]
        for rule in rules:
            self.on(machine, "iptables", "-I", *rule, "-j", "DROP")
        try:
            yield
        finally:
            for rule in rules:
                self.on(machine, "iptables", "-D", *rule, "-j", "DROP")

    @contextmanager
    def placed_on(self, machine: str, service: str) -> Iterator[None]:
        """A service whose next containers start on that machine alone."""
        there = f"\n    deploy:\n      placement: {{constraints: [node.hostname == {machine}]}}\n"
        head, name, body = (ROOT / "docker-stack.yaml").read_text().partition(f"\n  {service}:\n")
        assert name, service
        self.write("/abacus/docker-stack.yaml", head + name + body.replace("\n    deploy:\n", there, 1))
        try:
            yield
        finally:
            run("docker", "cp", "-q", str(ROOT / "docker-stack.yaml"), f"{MACHINES[0]}:/abacus/")

    def make(self, *more_images: str) -> None:
        """The machines, with images, labels and what a manager's checkout has; then `stack up`."""
        run(str(NODES), "up", str(len(MACHINES)))
        present = self.on(MACHINES[0], "docker", "images", "--format", "{{.Repository}}:{{.Tag}}").split()
        pins = {pin(variable) for variable in ("MYSQL_IMAGE", "REDIS_IMAGE")} - set(present)
        run(str(NODES), "load", IMAGE, *more_images, self.settings["EDGE_IMAGE"], *pins)
        labels = {MACHINES[0]: ("mysql", "redis"), **dict.fromkeys(EDGES, ("edge",))}
        for machine, label in [(machine, label) for machine, names in labels.items() for label in names]:
            self.on(MACHINES[0], "docker", "node", "update", "--label-add", f"abacus.{label}=true", machine)
        self.on(MACHINES[0], "mkdir", "/abacus")
        for name in FILES:
            run("docker", "cp", "-q", str(ROOT / name), f"{MACHINES[0]}:/abacus/")
        result = self.stack("up")
        assert result.returncode == 0, result.stderr
        self.at_first = {service: self.placed(service) for service in SERVICES}

    def remove(self) -> None:
        """All of it, and the image that is its own."""
        run(str(NODES), "down")
        self.build.down()

    def __enter__(self) -> Self:
        self.remove()  # what an earlier run that was killed has left
        self.build.compose("build", "--quiet", "secrets", "haproxy")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.remove()

    def wait_well(self, seconds: float) -> None:
        """Wait until everything runs again."""
        wait_for(self.well, seconds, "everything runs on the cluster", every=1)
