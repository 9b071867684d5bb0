"""Calls of @task functions while web processes and workers are killed: what was committed runs, nothing else does."""

import itertools
import os
import signal
import sys
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from support.embedded import Embedded
from support.http import ask
from support.stack import ROOT
from support.waiting import wait_for

KILLS = 6
OWN_GROUPS = {"writers", "operators"}


class Site(Embedded):
    """A product whose views enqueue functions."""

    folder = ROOT / "web"
    command = (sys.executable, "manage.py", "embedded")


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    (tmp_path / "calls").mkdir()
    paths = f"{ROOT / 'web'}:{ROOT / 'tests'}"
    with Site(tmp_path, DJANGO_SETTINGS_MODULE="support.calls", PYTHONPATH=paths, WEB_PROCESSES="2") as running:
        yield running


class Callers:
    """Clients that call one after another until they are told to stop."""

    def __init__(self, site: Site, count: int = 4) -> None:
        self.site, self.stop = site, threading.Event()
        self.answered, self.undone = set[str](), set[str]()
        self.threads = [threading.Thread(target=self.go, args=[number]) for number in range(count)]

    def go(self, caller: int) -> None:
        """Every fifth call is rolled back."""
        for number in itertools.count():
            if self.stop.is_set():
                return
            name = f"{'undone' if number % 5 == 4 else 'call'}-{caller}-{number}"
            try:
                status = ask("POST", f"{self.site.url}/call/{name}", timeout=30).status
            except OSError:  # its process was killed: nobody knows whether the row is there
                continue
            if name.startswith("undone"):
                self.undone.add(name)
            elif status == 201:
                self.answered.add(name)

    def have(self, count: int) -> bool:
        """Whether so many calls were answered."""
        return len(self.answered) > count

    def __enter__(self) -> "Callers":
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_: Any) -> None:
        self.stop.set()
        for thread in self.threads:
            thread.join()


def victims(site: Site, turn: int) -> list[int]:
    """A web process, a process of the pool, a worker with all of it, in turn."""
    if turn % 3 == 0:
        return site.pids("pyuwsgi")[1:][-1:]  # the first is their master
    return site.pids("worker")[1:][-1:] if turn % 3 == 1 else site.pids("worker")[:1]


def told(site: Site) -> dict[str, Any]:
    """Rows and calls."""
    found: dict[str, Any] = ask("GET", f"{site.url}/calls", timeout=30).json()
    return found


def all_ended(site: Site) -> dict[str, Any]:
    """The same once no call waits or runs; nothing before."""
    found = told(site)
    return found if set(found["calls"].values()) <= {"success", "failed", "cancelled"} else {}


def kill(site: Site, turn: int) -> None:
    """Whose turn it is."""
    (victim,) = wait_for(lambda: victims(site, turn), 30, "there is somebody to be killed")
    os.kill(victim, signal.SIGKILL)


def test_every_committed_call_runs_and_no_other_whoever_is_killed(site: Site) -> None:
    with Callers(site) as callers:
        for turn in range(KILLS):
            enough = len(callers.answered) + 10
            wait_for(partial(callers.have, enough), 60, "calls are answered")
            kill(site, turn)
    found = wait_for(lambda: all_ended(site), 120, "all have ended")
    print(f"{len(callers.answered)} answered, {len(callers.undone)} rolled back, {KILLS} kills")
    assert set(found["calls"].values()) == {"success"}
    assert callers.answered <= set(found["calls"])
    assert set(found["rows"]) - OWN_GROUPS == set(found["calls"])
    ran = {path.name for path in (site.data / "calls").iterdir() if "ended" in path.read_text()}
    assert ran == set(found["calls"])
    assert callers.undone
    assert not {name for name in ran if name.startswith("undone")}
