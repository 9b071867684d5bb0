"""Kept connections to MySQL that are dead without a word: nothing is refused, nobody waits for each of them."""

import os
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

from verbs import docker, last

from support.http import ask
from support.needs import need
from support.stack import Stack

MYSQL = "0CEA"  # port 3306
ESTABLISHED = "01"
AT_ONCE = 16  # as many as two web containers' threads


def in_network_of(container: str, *command: str) -> str:
    """A command of this machine, in the container's network."""
    pid = docker("inspect", "-f", "{{.State.Pid}}", container)
    done = subprocess.run(["nsenter", "-t", pid, "-n", *command], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def kept(container: str) -> set[int]:
    """The local ports of its connections to MySQL."""
    rows = [line.split() for line in docker("exec", container, "cat", "/proc/net/tcp").splitlines()[1:]]
    return {int(row[1][-4:], 16) for row in rows if row[2].endswith(f":{MYSQL}") and row[3] == ESTABLISHED}


@contextmanager
def silenced(container: str, ports: set[int]) -> Iterator[None]:
    """What is sent from these ports goes nowhere, and nobody says so."""
    rules = [("OUTPUT", "-p", "tcp", "--sport", str(port), "-j", "DROP") for port in ports]
    for rule in rules:
        in_network_of(container, "iptables", "-I", *rule)
    try:
        yield
    finally:
        for rule in rules:
            in_network_of(container, "iptables", "-D", *rule)


def create(url: str) -> int:
    """A task; the status of the answer."""
    return ask("POST", f"{url}/api/tasks", {"x": "1", "task_type": "add", "y": "1"}).status


def test_no_request_fails_by_them(faulty: Stack) -> None:
    if os.geteuid() or not (shutil.which("nsenter") and shutil.which("iptables")):
        need("only root, with nsenter and iptables, can drop packets in a container's network")
    webs = faulty.containers("web")
    with ThreadPoolExecutor(AT_ONCE) as clients, ExitStack() as faults:
        assert {*clients.map(create, [faulty.url] * 10 * AT_ONCE)} == {201}
        before = {web: kept(web) for web in webs}
        assert all(before.values())
        last(1.5)  # a connection that was used a moment ago is not tried before its next use
        for web, ports in before.items():
            faults.enter_context(silenced(web, ports))
        statuses = Counter(clients.map(create, [faulty.url] * 10 * AT_ONCE))
    print(f"\n{sum(map(len, before.values()))} kept connections silenced: {dict(statuses)}")
    assert statuses.keys() == {201}
