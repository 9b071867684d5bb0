"""What else one would pick: the same work by each library, with two worker processes. python -m bench.peers

One Compose stack with durable MySQL and Redis, one row table, one image (this folder's Dockerfile). The peers take
turns, so that whatever else the machine does meets each alike. Writes results/peers.md.
"""

import argparse
import json
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench import markdown
from support.stack import ROOT, Stack

PEERS = {
    "celery": "Celery, as documented, results in the database",
    "celery_reuse": "Celery, which keeps its database connections",
    "dramatiq": "dramatiq, 2 x 8 threads",
    "huey": "huey, 2 processes",
    "rq": "rq, 2 SimpleWorkers",
    "abacus": "Abacus, one task at a time",
    "abacus_batch": "Abacus, one batch",
}
FASTER = {"abacus_batch": 10}  # times as many tasks, or it would be over before it could be measured
WARM = 50
CPU = (
    "cat /sys/fs/cgroup/cpu.stat 2>/dev/null | sed -n 's/usage_usec //p' | grep . "
    "|| echo $(($(cat /sys/fs/cgroup/cpuacct/cpuacct.usage) / 1000))"
)
Round = dict[str, float]


class Bench:
    """A stack of MySQL and Redis alone, in which one peer after the other works."""

    def __init__(self, stack: Stack, count: int, samples: int) -> None:
        self.stack, self.count, self.samples = stack, count, samples

    @contextmanager
    def producer(self) -> Iterator[None]:
        """Where the rows come from. Only what the peers need stays up."""
        self.stack.compose("stop", "web", "celery", "beat", "haproxy")
        self.stack.compose("build", "peer-worker")
        try:
            self.stack.compose("up", "-d", "--no-deps", "peer-producer")
            yield
        finally:
            self.stack.compose("rm", "-s", "-f", "peer-producer")

    @contextmanager
    def worker(self, peer: str) -> Iterator[str]:
        """The peer's worker on an empty table; its container."""
        self.stack.sql("TRUNCATE math_task; TRUNCATE durable_batch")
        self.stack.compose("up", "-d", "--no-deps", "--force-recreate", "peer-worker", env={"PEER": peer})
        if peer.startswith("abacus"):
            self.stack.compose("start", "beat")
        try:
            yield self.stack.containers("peer-worker")[0]
        finally:
            self.stack.compose("stop", "beat")
            self.stack.compose("rm", "-s", "-f", "peer-worker")

    def command(self, peer: str, action: str, count: int = 0) -> list[str]:
        """What the producer's container is to run."""
        python = ["python", "-m", "peers.produce", action, str(count)]
        return ["docker", "exec", "-e", f"PEER={peer}", self.stack.containers("peer-producer")[0], *python]

    def produce(self, peer: str, action: str, count: int) -> dict[str, Any]:
        """Run it there; its last line."""
        result = subprocess.run(self.command(peer, action, count), capture_output=True, text=True, env=self.stack.env)
        assert result.returncode == 0, (result.stderr, self.stack.logs())
        found: dict[str, Any] = json.loads(result.stdout.splitlines()[-1])
        return found

    def cpu(self) -> float:
        """Seconds of processor time that the worker's container has taken."""
        return int(self.stack.compose("exec", "-T", "peer-worker", "sh", "-c", CPU)) / 1e6

    def measure(self, peer: str) -> Round:
        """One round of one peer."""
        count = self.count * FASTER.get(peer, 1)
        with self.worker(peer) as container:
            self.produce(peer, "both", WARM)
            found = {"both": count / self.produce(peer, "both", count)["seconds"]}
            if peer != "abacus_batch":
                found |= percentiles(self.produce(peer, "latency", self.samples)["ms"])
            found["enqueue"], found["drain"], found["cpu"] = self.in_two_steps(peer, container, count)
        return found

    def in_two_steps(self, peer: str, container: str, count: int) -> tuple[float, float, float]:
        """All stored and sent per second, then all done per second, and a worker's milliseconds for each."""
        cpu = self.cpu()
        # Frozen, not stopped: what is measured is work, and not how long a worker takes to start.
        docker("pause", container)
        enqueue = self.produce(peer, "enqueue", count)["seconds"]
        with subprocess.Popen(
            self.command(peer, "drain"), stdout=subprocess.PIPE, text=True, env=self.stack.env
        ) as watch:
            assert watch.stdout and watch.stdout.readline() == "ready\n"
            started = time.time()
            docker("unpause", container)
            ended = json.loads(watch.stdout.read())["ended"]
        return count / enqueue, count / (ended - started), (self.cpu() - cpu) / count * 1000


def docker(*arguments: str) -> None:
    """docker ..."""
    subprocess.run(["docker", *arguments], check=True, capture_output=True)


def percentiles(ordered: list[float]) -> Round:
    """The median and the 99th of a hundred."""
    return {"p50": statistics.median(ordered), "p99": ordered[int(len(ordered) * 0.99)]}


def cell(rounds: list[Round], name: str, digits: int) -> str:
    """The median and the spread of the rounds."""
    found = [each[name] for each in rounds if name in each]
    if not found:
        return "–"
    middle, least, most = (f"{value:,.{digits}f}" for value in (statistics.median(found), min(found), max(found)))
    return f"{middle} ({least}-{most})"


COLUMNS = {"enqueue": 0, "drain": 0, "both": 0, "p50": 1, "p99": 1, "cpu": 2}
HEAD = ["", "enqueue/s", "drain/s", "both at once/s", "latency p50 ms", "p99 ms", "worker CPU ms/task"]


def report(bench: Bench, rounds: dict[str, list[Round]]) -> None:
    """Write the table."""
    words = (
        f"{bench.count:,} tasks for each number (a batch: {bench.count * FASTER['abacus_batch']:,}), "
        f"{max(map(len, rounds.values()))} rounds in turn: median (least-most). A task is a row: *enqueue* stores it, "
        "and sends its message; the worker reads it, multiplies and writes it. *drain*: the queue is full, and nothing "
        "else runs. *both at once*: from the first row until the last outcome. *latency*: one at a time, 50 ms "
        "apart, from before the row until its outcome is seen."
    )
    rows = [[PEERS[peer], *(cell(found, *column) for column in COLUMNS.items())] for peer, found in rounds.items()]
    about = f"{markdown.about(bench.stack)} {versions()}."
    markdown.write(
        "peers.md", "# Peers: the same work by other libraries", about, words, markdown.table(HEAD, rows), NOTES
    )


def versions() -> str:
    """Which they are, by the locks."""
    locks = (ROOT / "requirements" / "image.txt", Path(__file__).with_name("requirements.txt"))
    pins = re.findall(r"^(celery|dramatiq|huey|rq)==(\S+)", "\n".join(map(Path.read_text, locks)), re.MULTILINE)
    return ", ".join(f"{name} {version}" for name, version in pins)


NOTES = """
Notes. No peer logs its tasks here. huey, rq and dramatiq keep their database connections, since nothing closes them;
Celery closes its own around each task unless told otherwise. rq's default worker forks for each task and is slower by
far. None of the peers but Abacus finds a task again whose message was lost, or keeps a late result from a row that has
moved on. Abacus's numbers include its sweep.
"""


def main(argv: list[str]) -> int:
    """Measure all peers in turn, round by round."""
    parser = argparse.ArgumentParser(prog="bench.peers", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--count", type=int, default=3_000, help="tasks for each number")
    parser.add_argument("--samples", type=int, default=200, help="tasks for the latency")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peers", nargs="+", choices=PEERS, default=list(PEERS))
    chosen = parser.parse_args(argv)
    files = ("docker-compose.yaml", "bench/peers/compose.yaml")
    with Stack("bench-peers", *files, APP_IMAGE="abacus-bench-growth") as stack:
        bench = Bench(stack, chosen.count, chosen.samples)
        rounds: dict[str, list[Round]] = {peer: [] for peer in chosen.peers}
        with bench.producer():
            for number in range(chosen.rounds):
                for peer in chosen.peers if number % 2 == 0 else chosen.peers[::-1]:
                    rounds[peer].append(bench.measure(peer))
                    print(f"round {number + 1} {peer}: {rounds[peer][-1]}", file=sys.stderr)
        report(bench, rounds)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
