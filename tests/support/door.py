"""HAProxy alone, as docker-compose.yaml starts it, in front of a web server that answers with what it was asked."""

import json
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Self

from support.embedded import free_port
from support.http import Answer, ask
from support.stack import Stack
from support.waiting import wait_for

# What another address than the tests' own asks with, since it has no other client than Python.
CLIENT = """
import http.client, json, sys
host, method, path, headers = sys.argv[1], sys.argv[2], sys.argv[3], json.loads(sys.argv[4])
connection = http.client.HTTPConnection(host, 8080, timeout=10)
connection.request(method, path, headers=headers)
answer = connection.getresponse()
print(json.dumps([answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read().decode()]))
"""


def docker(*arguments: str) -> str:
    """docker ...; its standard output."""
    return subprocess.run(["docker", *arguments], capture_output=True, text=True, check=True).stdout.strip()


@dataclass(frozen=True)
class Door:
    """One HAProxy: its port on this machine, and its address on the network that it shares with the echo."""

    container: str
    port: int
    address: str
    echo: str

    @property
    def url(self) -> str:
        """Its address for this machine, whose own the network's gateway is."""
        return f"http://127.0.0.1:{self.port}"

    def answers(self) -> bool:
        """Whether the echo is reached through it."""
        try:
            return ask("GET", f"{self.url}/live", timeout=5).status in {200, 308}
        except OSError:
            return False

    def asked_elsewhere(self, path: str, method: str = "GET", **headers: str) -> Answer:
        """A request from another address: that of the echo's container."""
        command = ["exec", self.echo, "python", "-c", CLIENT, self.address, method, path, json.dumps(headers)]
        status, received, body = json.loads(docker(*command))
        return Answer(status, received, body.encode())

    def logs(self) -> list[str]:
        """Its log, line by line."""
        result = subprocess.run(["docker", "logs", self.container], capture_output=True, text=True, check=True)
        return [*result.stdout.splitlines(), *result.stderr.splitlines()]


class Doors(Stack):
    """A network with an echo, and doors to it, each with settings of its own."""

    def __init__(self) -> None:
        super().__init__("abacus-test-doors", "docker-compose.yaml", "tests/support/door.yaml")

    def __enter__(self) -> Self:
        self.down()
        self.compose("build", "--quiet", "haproxy")
        self.compose("up", "-d", "--no-deps", "echo")
        [self.echo] = self.containers("echo")
        [self.network] = self.networks(self.echo)
        return self

    def networks(self, container: str) -> list[str]:
        """The names of its networks."""
        template = "{{range $name, $_ := .NetworkSettings.Networks}}{{$name}} {{end}}"
        return docker("inspect", "-f", template, container).split()

    def gateway(self) -> str:
        """The address that requests of this machine come from."""
        return docker("network", "inspect", self.network, "-f", "{{(index .IPAM.Config 0).Gateway}}")

    def address(self, container: str) -> str:
        """A container's address on the network."""
        return docker(
            "inspect", "-f", f'{{{{(index .NetworkSettings.Networks "{self.network}").IPAddress}}}}', container
        )

    @contextmanager
    def open(self, env: Mapping[str, str], *options: str, ready: bool = True) -> Iterator[Door]:
        """A HAProxy with these variables in .env, and with more options of `docker compose run`."""
        port = free_port()
        both_lanes = ("-e", "WEB_ADDRESS=echo:8000", "-e", "BULK_ADDRESS=echo:8000")
        command = ["run", "-d", "--no-deps", *both_lanes, "-p", f"127.0.0.1:{port}:8080", *options]
        container = self.compose(*command, "haproxy", env=dict(env)).strip()
        try:
            door = Door(container, port, self.address(container), self.echo)
            if ready:
                wait_for(partial(door.answers), 20, "HAProxy answers")
            yield door
        finally:
            docker("rm", "-f", container)
