"""Where a stack runs: workers are killed while they work, and every task still ends, once."""

import itertools
import json
import time
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from durable.testing.suite import value_of

ENDED = {"success", "failed", "cancelled"}
SETTLED = 3.0  # seconds for which what has ended is watched


@dataclass
class Watch:
    """What is told of the tasks of a running stack, from its list of changes."""

    address: str
    since: str = ""
    states: dict[int, dict[str, Any]] = field(default_factory=dict)
    ends: dict[int, set[tuple[str, str]]] = field(default_factory=dict)

    def look(self) -> None:
        """Take in what has changed."""
        while True:
            answer = ask(f"{self.address}?since={self.since}")
            for task in answer["items"]:
                self.states[task["id"]] = task
                if task["status"] in ENDED:
                    self.ends.setdefault(task["id"], set()).add((task["status"], task["update_time"]))
            self.since = answer["since"]
            if not answer["more"]:
                return

    def until_ended(self, count: int, seconds: float) -> None:
        """Until so many have ended, and then a little longer: a late outcome of somebody who was taken for dead."""
        end = time.monotonic() + seconds
        while len(self.ends) < count:
            assert time.monotonic() < end, f"after {seconds} s these have not ended: {self.unended()}"
            time.sleep(0.2)
            self.look()
        time.sleep(SETTLED)
        self.look()

    def unended(self) -> list[tuple[int, str, int]]:
        """What has not ended, as far as is known."""
        rows = [row for row in self.states.values() if row["status"] not in ENDED]
        return [(row["id"], row["status"], row["attempts"]) for row in rows[:20]]


def survives_kills(
    kind: Any,
    examples: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]],
    *,
    url: str,
    kill: Callable[[], Any],
    kills: int = 3,
    count: int = 100,
    seconds: float = 120,
) -> int:
    """Create `count` single tasks and a batch of as many, kill workers, and see each task end once with its outputs.

    `url` is the site's, `kill()` ends a pool process or a worker with SIGKILL. Give the stack a TASK_SECONDS of some
    tenths, so that the kills meet tasks at work: the answer is how many were tried more than once. No other tasks are
    created meanwhile.
    """
    address = f"{url}/api/{kind.kind.api}"
    watch = Watch(address, since=ask(address)["since"])
    given = list(itertools.islice(itertools.cycle(examples), count))
    ids = [int(ask(address, dict(inputs))["id"]) for inputs, _ in given]
    uploads = f"{url}/api/batches" if kind.kind.first else f"{address}/batches"
    batch = ask(uploads, {"tasks": [dict(inputs) for inputs, _ in given]})["id"]
    for _ in range(kills):
        kill()
        time.sleep(1)
        watch.look()
    watch.until_ended(2 * count, seconds)
    assert ask(f"{url}/api/batches/{batch}")["counts"]["success"] == count
    ids += sorted(set(watch.states) - set(ids))
    for identity, (_, outputs) in zip(ids, given * 2, strict=True):
        assert len(watch.ends[identity]) == 1, f"{identity} ended more than once: {watch.ends[identity]}"
        check(kind.kind, ask(f"{address}/{identity}"), outputs)
    return sum(task["attempts"] > 1 for task in watch.states.values())


def check(kind: Any, told: Mapping[str, Any], outputs: Mapping[str, Any]) -> None:
    """A task has ended with these outputs."""
    assert told["status"] == "success", told
    for name, value in outputs.items():
        assert value_of(kind, name, told[name]) == value_of(kind, name, value), told


def ask(address: str, body: Any = None) -> Any:
    """The JSON at an address; with a body, the answer to it."""
    headers = {"Cache-Control": "no-cache", "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(address, data, headers), timeout=30) as answer:  # noqa: S310
        return json.load(answer)
