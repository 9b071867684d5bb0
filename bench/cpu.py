"""CPU time by service, and how busy the machine is, from the kernel's own counts."""

import os
import resource
import subprocess
import time
from pathlib import Path

QUIET, SETTLE_SECONDS = 0.15, 10.0
PROC = Path("/proc")
CGROUPS = Path("/sys/fs/cgroup")


def machine() -> tuple[float, float]:
    """(busy, all) seconds of all cores since the start of the machine."""
    fields = [int(field) for field in (PROC / "stat").read_text(encoding="utf-8").splitlines()[0].split()[1:9]]
    ticks = os.sysconf("SC_CLK_TCK")
    return (sum(fields) - fields[3] - fields[4]) / ticks, sum(fields) / ticks  # idle and waiting for disks


def settle() -> float:
    """Wait until what came before has died down, for a bounded time; how busy the machine is then."""
    end = time.monotonic() + SETTLE_SECONDS
    while True:
        before = machine()
        time.sleep(0.5)
        busy, total = (now - then for now, then in zip(machine(), before, strict=True))
        if busy < QUIET * total or time.monotonic() > end:
            return busy / total


def bench() -> float:
    """Seconds that this process and those that it started have used: wrk, and calls of Docker's client."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


class Meter:
    """`with Meter(project) as meter:` then meter.seconds by service, and meter.busy from 0 to 1."""

    def __init__(self, project: str) -> None:
        self.project = project
        self.seconds: dict[str, float] = {}
        self.busy = 0.0

    def __enter__(self) -> "Meter":
        self.before, self.bench_before, self.machine_before = counts(self.project), bench(), machine()
        return self

    def __exit__(self, *_: object) -> None:
        busy, total = (now - then for now, then in zip(machine(), self.machine_before, strict=True))
        self.seconds = {"bench": bench() - self.bench_before}
        # A container that was started meanwhile began at nought.
        for (service, path), now in counts(self.project).items():
            self.seconds[service] = self.seconds.get(service, 0.0) + now - self.before.get((service, path), 0.0)
        self.seconds["others"] = max(0.0, busy - sum(self.seconds.values()))
        self.busy = busy / total

    def per(self, tasks: int) -> dict[str, float]:
        """Milliseconds per task."""
        return {service: 1000 * value / tasks for service, value in self.seconds.items()}


def counts(project: str) -> dict[tuple[str, Path], float]:
    """Seconds so far of each container of the Compose project, by its service and the file that counts."""
    found = {}
    for service, pid in running(project):
        path = counter(pid)
        found[service, path] = used(path)
    return found


def running(project: str) -> list[tuple[str, int]]:
    """(service, process id) of each container of the Compose project."""
    label = f"label=com.docker.compose.project={project}"
    ids = subprocess.run(["docker", "ps", "-q", "--filter", label], capture_output=True, text=True, check=True)
    template = '{{index .Config.Labels "com.docker.compose.service"}} {{.State.Pid}}'
    command = ["docker", "inspect", "-f", template, *ids.stdout.split()]
    found = subprocess.run(command, capture_output=True, text=True, check=True)
    return [(service, int(pid)) for service, pid in (line.split() for line in found.stdout.splitlines())]


def counter(pid: int) -> Path:
    """The file that counts the CPU time of the process's container."""
    for line in (PROC / str(pid) / "cgroup").read_text(encoding="utf-8").splitlines():
        _, controllers, path = line.split(":", 2)
        if "cpuacct" in controllers.split(","):
            return CGROUPS / controllers / path.lstrip("/") / "cpuacct.usage"
        if not controllers and (CGROUPS / path.lstrip("/") / "cpu.stat").exists():
            return CGROUPS / path.lstrip("/") / "cpu.stat"
    raise SystemExit("The kernel's CPU counts of the containers are not under /sys/fs/cgroup; the bench needs them.")


def used(path: Path) -> float:
    """Seconds so far."""
    text = path.read_text(encoding="utf-8")
    return int(text) / 1e9 if path.name == "cpuacct.usage" else int(text.split()[1]) / 1e6
