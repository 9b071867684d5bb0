"""docker-stack.yaml on a Swarm of three machines, as docs/several-machines.md has it, and what a lost machine costs."""

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from checker import Load, Outcome, check, next_id, rows, settle
from images import appended, derived
from verbs import last

from support.http import ask
from support.needs import need
from support.stack import IMAGE, ROOT
from support.swarm import EDGES, MACHINES, SERVICES, Swarm, swarm_missing
from support.waiting import wait_for

# What differs in an image from the one that runs; derived() names them.
NEWEST = max(path.stem for path in (ROOT / "web/arithmetic/migrations").glob("0*.py"))
UNWILLING = f"""
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("arithmetic", "{NEWEST}")]
    operations = [migrations.RunSQL("ALTER TABLE no_such_table ADD COLUMN more INT")]
"""
CHANGES = {
    "new": "LABEL test=new",
    "broken": "RUN rm /app/web/config/wsgi.py",
    "idle": r"RUN sed -i 's/^  celery) .*/  celery) die no worker today ;;/' /app/run.sh",
    "unwilling": appended("arithmetic/migrations/9999_unwilling.py", UNWILLING),
}
NEW, BROKEN, IDLE, UNWILLING_IMAGE = (f"{IMAGE}-swarm-{name}:latest" for name in CHANGES)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Swarm]:
    """Three machines."""
    need(swarm_missing())
    with Swarm() as running:
        running.make(*(derived(f"swarm-{name}", line) for name, line in CHANGES.items()))
        yield running


@pytest.fixture
def swarm(cluster: Swarm) -> Swarm:
    """The same, well again after whatever was done to it."""
    cluster.wait_well(120)
    return cluster


def one_with(swarm: Swarm, service: str) -> tuple[str, str]:
    """The edge machine that has the most containers of the service, and its address."""
    victim = max(EDGES, key=lambda machine: swarm.placed(service)[machine])
    return victim, swarm.address(victim)


def begun(swarm: Swarm, folder: Path, rate: float, seconds: float) -> tuple[Load, int]:
    """Load that runs, and its first id."""
    first = next_id(swarm)
    load = Load(swarm, folder, rate, seconds)
    wait_for(lambda: next_id(swarm) > first + rate, 30, "the load runs")
    return load, first


def outcome(swarm: Swarm, first: int, before: dict[int, Any], report: dict[str, Any]) -> Outcome:
    """What became of it once all of it has ended; nothing lost, nothing doubled."""
    settled = settle(swarm, first, 180)
    found = check(before, rows(swarm, first), report, settled)
    print(f"\n{found.line()}")
    assert not (found.lost or found.doubled or found.wrong), found.line()
    assert not found.without_retry_after
    return found


def failed_elsewhere(report: dict[str, Any], address: str, *changes: tuple[float, float]) -> list[dict[str, Any]]:
    """The failures at other addresses, but for those while something changed and of the two seconds after that."""
    elsewhere = [f for f in report["failures"] if f["address"] != address]
    first = changes[0][0]
    print("elsewhere, by seconds:", [(round(f["at"] - first, 1), f["kind"]) for f in elsewhere], end=" ")
    print("changes:", [(round(began - first, 1), round(done - first, 1)) for began, done in changes])
    return [f for f in elsewhere if not any(began <= f["at"] <= done + 2 for began, done in changes)]


def status_of(swarm: Swarm, identity: int) -> str:
    """What the site says of a task."""
    return str(ask("GET", f"http://{swarm.addresses[0]}/api/tasks/{identity}").json()["status"])


def replaces_nothing(swarm: Swarm) -> None:
    """An update to an image whose migration fails."""
    before = {service: swarm.containers(service) for service in SERVICES}
    result = swarm.stack("up", APP_IMAGE=UNWILLING_IMAGE)
    assert result.returncode == 1
    assert "no_such_table' doesn't exist" in result.stderr
    assert "stopped before anything was replaced: the migrations failed." in result.stderr
    assert {service: swarm.containers(service) for service in SERVICES} == before
    # Nor was it tried: a new web container would fail by the same migration, and be rolled back.
    every = swarm.on(MACHINES[0], "docker", "service", "ps", "--format", "{{.Image}}", "abacus_web")
    assert UNWILLING_IMAGE not in every.split()
    swarm.wait_well(30)


def test_each_edge_machine_answers_and_the_containers_are_spread(swarm: Swarm) -> None:
    for address in swarm.addresses:
        assert ask("GET", f"http://{address}/").status == 200
        assert ask("GET", f"http://{address}/health").json()["status"] == "ok"
    # As they were placed at first: later, Swarm moves none that runs.
    assert swarm.at_first["haproxy"] == dict.fromkeys(EDGES, 1)
    assert swarm.at_first["web"] == swarm.at_first["celery"] == dict.fromkeys(MACHINES, 1)
    assert swarm.at_first["mysql"] == swarm.at_first["redis"] == {MACHINES[0]: 1}


def test_containers_are_as_hardened_as_on_one_machine(swarm: Swarm) -> None:
    told = "{{.HostConfig.ReadonlyRootfs}} {{.HostConfig.CapDrop}} {{.HostConfig.Memory}} {{.HostConfig.PidsLimit}}"
    for machine in MACHINES:
        containers = swarm.on(machine, "docker", "ps", "-q").split()
        for line in swarm.on(
            machine, "docker", "inspect", "-f", f"{told} {{{{.Config.User}}}}", *containers
        ).splitlines():
            read_only, drop, memory, processes, user = line.split()
            assert (read_only, drop) == ("true", "[ALL]")
            assert int(memory) > 0
            assert int(processes) > 0
            assert user not in {"", "0", "root"}


def test_an_update_and_a_new_key_fail_no_request(swarm: Swarm, tmp_path: Path) -> None:
    load, first = begun(swarm, tmp_path, 60, 300)
    result = swarm.stack("up", APP_IMAGE=NEW, DJANGO_SECRET_KEY="k" * 50)
    before = rows(swarm, first)
    report = load.end()
    assert result.returncode == 0, result.stderr
    assert not outcome(swarm, first, before, report).failed, report["failures"][:5]
    swarm.settings |= {"APP_IMAGE": NEW}
    assert {image for service in ("web", "celery") for _, image in swarm.tasks(service)} == {NEW}
    machine = next(iter(swarm.placed("web")))
    assert swarm.inside(machine, "web", "cat", "/run/secrets/django_secret_key") == "k" * 50
    keys = [name for name in swarm.secrets() if name.startswith("abacus_django_secret_key_")]
    assert len([name for name in keys if "fallbacks" not in name]) == 1


def test_a_broken_image_is_rolled_back_and_fails_no_request(swarm: Swarm, tmp_path: Path) -> None:
    images = {image for _, image in swarm.tasks("web")}
    load, first = begun(swarm, tmp_path, 60, 300)
    result = swarm.stack("up", APP_IMAGE=BROKEN)
    before = rows(swarm, first)
    report = load.end()
    assert result.returncode == 1
    assert "No module named 'config.wsgi'" in result.stderr
    assert "stopped: web failed. What ran before serves on" in result.stderr
    assert not outcome(swarm, first, before, report).failed, report["failures"][:5]
    assert {image for _, image in swarm.tasks("web")} == images
    assert {image for _, image in swarm.tasks("celery")} == images


def test_a_failing_migration_replaces_nothing(swarm: Swarm) -> None:
    replaces_nothing(swarm)


def test_where_the_workers_fail_after_the_web_was_replaced_both_are_what_they_were(
    swarm: Swarm, tmp_path: Path
) -> None:
    images = {image for _, image in swarm.tasks("web")}
    load, first = begun(swarm, tmp_path, 60, 300)
    result = swarm.stack("up", APP_IMAGE=IDLE)
    before = rows(swarm, first)
    swarm.wait_well(120)
    report = load.end()
    assert result.returncode == 1
    assert "no worker today" in result.stderr
    assert "web: back to what was there before" in result.stderr
    assert "stopped: celery failed. What ran before serves on" in result.stderr
    assert not outcome(swarm, first, before, report).failed, report["failures"][:5]
    wait_for(lambda: {image for _, image in swarm.tasks("web")} == images, 120, "web is what it was")
    assert {image for _, image in swarm.tasks("celery")} == images


def test_down_and_up_again_keep_data_and_secrets(swarm: Swarm) -> None:
    secrets = swarm.secrets()
    made = ask("POST", f"http://{swarm.addresses[0]}/api/tasks", {"task_type": "add", "x": "20", "y": "22"}).json()
    wait_for(lambda: status_of(swarm, made["id"]) == "success", 30, "it is computed")
    assert swarm.stack("down").returncode == 0
    assert swarm.on(MACHINES[0], "docker", "service", "ls", "-q") == ""
    result = swarm.stack("up")
    assert result.returncode == 0, result.stderr
    assert status_of(swarm, made["id"]) == "success"
    assert swarm.secrets() == secrets


def test_a_backup_goes_on_where_the_disk_was_lost(swarm: Swarm, tmp_path: Path) -> None:
    load, first = begun(swarm, tmp_path, 60, 300)
    swarm.on(MACHINES[0], "rm", "-f", "/abacus/b.tar")  # of a first try
    assert (done := swarm.stack("backup", "b.tar")).returncode == 0, done.stderr
    report = load.end()
    outcome(swarm, first, rows(swarm, first), report)
    before = rows(swarm, 0)
    full = swarm.stack("restore", "b.tar")
    assert full.returncode == 1
    assert re.search(r"The database is not empty \(.*\bmath_task \d", full.stderr), full.stderr
    swarm.wait_well(30)

    assert swarm.stack("down").returncode == 0
    keeper = ("docker", "ps", "-aq", "--filter", "volume=abacus_mysql-data")
    wait_for(lambda: not swarm.on(MACHINES[0], *keeper), 60, "its container is removed")
    swarm.on(MACHINES[0], "docker", "volume", "rm", "abacus_mysql-data", "abacus_redis-data")
    restored = swarm.stack("restore", "b.tar")
    assert restored.returncode == 0, restored.stderr
    swarm.wait_well(30)
    # Those of its moment, and what had not ended ends.
    wait_for(lambda: not swarm.sql("SELECT 1 FROM math_task WHERE status = 'created' LIMIT 1"), 60, "all have ended")
    after = rows(swarm, 0)
    assert {identity for identity in before if identity < first} < set(after) < set(before)
    assert {identity: before[identity][:2] for identity in after} == {
        identity: row[:2] for identity, row in after.items()
    }


def test_a_machine_that_dies_fails_requests_at_its_own_address_alone(swarm: Swarm, tmp_path: Path) -> None:
    victim, address = one_with(swarm, "web")
    load, first = begun(swarm, tmp_path, 100, 300)
    began = time.time()
    with swarm.killed(victim):
        done = time.time()
        wait_for(
            lambda: swarm.placed("web").total() == 3 and not swarm.placed("web")[victim], 60, "three web elsewhere"
        )
        before = rows(swarm, first)
        report = load.end()
        outcome(swarm, first, before, report)
    assert [f for f in report["failures"] if f["address"] == address]
    assert failed_elsewhere(report, address, (began, done)) == []


def test_a_machine_that_is_cut_off_for_twenty_seconds_loses_and_doubles_nothing(swarm: Swarm, tmp_path: Path) -> None:
    victim, address = one_with(swarm, "celery")
    load, first = begun(swarm, tmp_path, 60, 300)
    began = time.time()
    with swarm.cut_off(victim):
        done = time.time()
        last(20)
        healing = time.time()
    before = rows(swarm, first)
    swarm.wait_well(30)
    well = time.time()
    print(f"\nwell {well - healing:.0f} s after it")
    report = load.end()
    outcome(swarm, first, before, report)
    # Its web containers are there again, for all, some moments before they know MySQL's name: 503 with Retry-After.
    assert failed_elsewhere(report, address, (began, done), (healing, well)) == []
    # Swarm's manager asks such a machine for no log any more (moby#35011).
    with swarm.placed_on(victim, "migrate"):
        replaces_nothing(swarm)
