"""The clockwork of a running worker: it is started again, and ends with its worker."""

import os
import signal
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from support.embedded import Embedded
from support.http import create, finished
from support.waiting import wait_for

CLOCKWORK = ("django", "clockwork")


def holder(running: Embedded) -> str:
    """The process that has the lease; empty if it was given back or is over."""
    with closing(sqlite3.connect(running.data / "abacus.sqlite3", timeout=10)) as database:
        found = database.execute("SELECT holder FROM durable_lease WHERE until > STRFTIME('%Y-%m-%d %H:%M:%f', 'NOW')")
        return next((str(row[0]) for row in found), "")


def has_the_lease(running: Embedded, pid: int) -> bool:
    """Whether that process has it."""
    return holder(running).endswith(f"/{pid}")


def the_one(running: Embedded, but: int = 0) -> int:
    """The process of the clockwork; 0 while there is none, or another one beside it."""
    pids = running.pids(*CLOCKWORK)
    return pids[0] if len(pids) == 1 and pids != [but] else 0


def turning(running: Embedded, but: int = 0) -> int:
    """The one, once it has the lease."""
    pid = wait_for(lambda: the_one(running, but), 30, "there is one clockwork")
    wait_for(lambda: has_the_lease(running, pid), 30, "it has the lease")
    return pid


def parent_of(pid: int) -> int:
    """Whose child a process is."""
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def forget(running: Embedded, identity: int) -> None:
    """Let a task wait as one does whose message the broker has lost."""
    with closing(sqlite3.connect(running.data / "abacus.sqlite3", timeout=10)) as database, database:
        database.execute(
            "UPDATE math_task SET status = 'created', round = round + 1, update_time = '2020-01-01' WHERE id = ?",
            [identity],
        )


def sweeps(running: Embedded) -> bool:
    """Whether a task without a message is brought back."""
    identity = create(running.url, "1", "add", "1")
    wait_for(lambda: finished(running.url, identity), 20, "the task ends")
    forget(running, identity)
    return bool(wait_for(lambda: finished(running.url, identity), 20, "the sweep brings it back"))


def test_it_is_a_child_of_the_worker_and_sweeps(embedded: Embedded) -> None:
    pid = turning(embedded)
    assert parent_of(pid) == embedded.pid("django worker")
    assert sweeps(embedded)


def test_a_clockwork_that_is_killed_is_started_again(embedded: Embedded) -> None:
    old, worker = turning(embedded), embedded.pid("django worker")
    os.kill(old, signal.SIGKILL)
    began = time.monotonic()
    new = turning(embedded, but=old)
    print(f"\nthe new one has the lease after {time.monotonic() - began:.1f} s")
    assert parent_of(new) == worker  # which lives on
    assert sweeps(embedded)
    assert "clockwork: ended with -9 and is started again" in (embedded.data / "logs" / "worker.log").read_text()


def test_one_that_is_asked_to_end_gives_the_lease_back(embedded: Embedded) -> None:
    old = turning(embedded)
    os.kill(old, signal.SIGTERM)
    wait_for(lambda: old not in embedded.pids(*CLOCKWORK), 5, "it ends")
    assert not has_the_lease(embedded, old)
    turning(embedded, but=old)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGQUIT], ids=lambda how: how.name)
def test_a_clockwork_ends_with_its_worker_however_that_ends(embedded: Embedded, how: signal.Signals) -> None:
    old, worker = turning(embedded), embedded.pid("django worker")
    os.kill(worker, how)
    wait_for(lambda: old not in embedded.pids(*CLOCKWORK), 10, "it ends")
    assert not has_the_lease(embedded, old)
    new = turning(embedded, but=old)
    assert parent_of(new) != worker
    assert sweeps(embedded)
