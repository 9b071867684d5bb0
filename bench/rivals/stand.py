"""The servers, and one rival after the other beside them: its database, its worker, and who enqueues."""

import json
import secrets
import shlex
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Self

from bench.rivals.roster import RIVALS, Rival
from support.stack import ROOT, Stack
from support.waiting import wait_for

FOLDER = ROOT / "bench" / "rivals"
APP, IMAGE = "abacus-bench-rivals-app", "abacus-bench-rivals"
# All processes of a container but init, this shell, and what has ended and is not buried yet.
PROCESSES = "cd /proc; for p in [0-9]*; do [ $p -le 1 ] || [ $p = $$ ] || ! grep -q . $p/cmdline || echo $p; done"


class Stand(Stack):
    """MySQL and Redis; `with` starts them and removes all of it at the end. RabbitMQ runs while its rival works."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__("bench-rivals", "bench/rivals/compose.yaml", RIVALS_IMAGE=IMAGE, SECRET=secrets.token_hex(16))
        self.rival, self.name = RIVALS[names[0]], names[0]

    def __enter__(self) -> Self:
        self.down()  # what an earlier run that was killed has left
        build(APP, "-f", "web/Dockerfile", ".")
        build(IMAGE, "--build-arg", f"APP_IMAGE={APP}", str(FOLDER))
        try:
            self.compose("up", "-d", "--wait", "mysql", "redis")
        except BaseException:
            self.down()
            raise
        return self

    def sql(self, statement: str, database: str = "") -> list[list[str]]:
        """Rows of a statement, run as root; without another one, in the rival's database."""
        client = 'MYSQL_PWD="$MYSQL_ROOT_PASSWORD" mysql -N -B --database="$0" -e "$1"'
        out = self.execute("mysql", "sh", "-c", client, database or f"rivals_{self.name}", statement)
        return [line.split("\t") for line in out.splitlines()]

    @contextmanager
    def working(self, name: str, count_starts: bool = False) -> Iterator[Rival]:
        """The rival's worker and a producer, on a database and a broker that are new."""
        self.name, self.rival = name, RIVALS[name]
        self.env |= {
            "RIVAL": name,
            "RIVAL_SETUP": self.rival.setup,
            "RIVAL_VENV": self.rival.venv,
            "RIVAL_COMMAND": shlex.join(self.rival.command),
            "RIVAL_STARTS": f"/starts/{name}" if count_starts else "",
        }
        try:
            self.renew()
            self.compose("up", "-d", "--no-deps", "--scale", f"worker={self.rival.workers}", "producer", "worker")
            yield self.rival
        finally:
            self.compose("rm", "-s", "-f", "-v", "worker", "producer", "rabbitmq")

    def renew(self) -> None:
        """A new database, with the tables of the rival and of the work, and empty queues: RabbitMQ is new each time."""
        self.compose("up", "-d", "--wait", *self.rival.servers)
        name = f"rivals_{self.name}"
        grant = "GRANT ALL ON `rivals\\_%`.* TO rivals"
        self.sql(f"DROP DATABASE IF EXISTS {name}; CREATE DATABASE {name}; {grant}", "mysql")
        self.execute("redis", "redis-cli", "FLUSHALL")
        self.compose("up", "-d", "--no-deps", "producer")
        self.execute("producer", "sh", "-c", 'rm -f "$RIVAL_STARTS"')
        for more in ([], ["--run-syncdb"]):  # the second is for apps without migrations, which may refer to the others
            migrate = ("python", "-m", "django", "migrate", "--verbosity", "0", *more)
            # A table of its own may take MySQL more than the two seconds that a request has.
            self.compose("exec", "-T", "-e", "MYSQL_TIMEOUT=120", "producer", *migrate)

    def execute(self, service: str, *command: str) -> str:
        """A command in a service's container; its standard output."""
        return self.compose("exec", "-T", service, *command)

    def produce(self, action: str, *amounts: float) -> dict[str, Any]:
        """What the producer tells in its last line."""
        out = self.execute("producer", *producing(action, *amounts))
        found: dict[str, Any] = json.loads(out.splitlines()[-1])
        return found

    def producer(self, action: str, *amounts: float) -> "subprocess.Popen[str]":
        """The same, running."""
        command = ["docker", "exec", self.containers("producer")[0], *producing(action, *amounts)]
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=self.env)

    def processes(self, container: str) -> list[int]:
        """The container's processes by their numbers inside; none while it is not running."""
        found = inside(container, PROCESSES)
        return [int(pid) for pid in found.stdout.split()] if found.returncode == 0 else []

    def started_at(self, container: str) -> str:
        """When it started last."""
        state: Any = self.inspect(container)["State"]
        return str(state["StartedAt"])

    def kill_one(self, container: str, pid: int) -> bool:
        """SIGKILL of one process; False if it had ended by then."""
        return inside(container, f"kill -KILL {pid}").returncode == 0

    def kill_all(self, container: str) -> None:
        """SIGKILL of all that a server runs; its container starts again by itself."""
        before = self.started_at(container)
        found = inside(container, "kill -KILL -1")  # all but init and this shell, which may end with its container
        assert found.returncode in (0, 137), found.stderr
        wait_for(lambda: self.started_at(container) != before, 60, f"{container} is started again")


def inside(container: str, script: str) -> "subprocess.CompletedProcess[str]":
    """A shell script in the container, as root."""
    command = ["docker", "exec", "-u", "0", container, "sh", "-c", script]
    return subprocess.run(command, capture_output=True, text=True)


def producing(action: str, *amounts: float) -> list[str]:
    """The producer's command line."""
    return ["python", "-m", "bench.rivals.inside", action, *map(str, amounts)]


def build(image: str, *arguments: str) -> None:
    """docker build, its words told if it fails."""
    command = ["docker", "build", "-q", "-t", image, *arguments]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if result.returncode:
        raise SystemExit(f"abacus: {' '.join(command)} failed:\n{result.stderr}")


@contextmanager
def frozen(containers: Sequence[str]) -> Iterator[Callable[[], None]]:
    """Paused until what is given is called, or until the end."""
    paused = list(containers)

    def thaw() -> None:
        if paused:
            subprocess.run(["docker", "unpause", *paused], check=True, capture_output=True)
            paused.clear()

    subprocess.run(["docker", "pause", *paused], check=True, capture_output=True)
    try:
        yield thaw
    finally:
        thaw()
