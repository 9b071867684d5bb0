"""Hostile clients as verbs: each does one thing that a stranger may do, and tells how it was answered."""

import http.client
import threading
import time
from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Flooded:
    """How a flood was answered: how often with which status, and what each 429 said of when to come back."""

    statuses: Counter[int] = field(default_factory=Counter)
    retry_after: set[str | None] = field(default_factory=set)


def flood(port: int, path: str, seconds: float, connections: int = 8) -> Flooded:
    """Ask for `path` as fast as it is answered, on so many connections, for so long."""
    flooded, lock, end = Flooded(), threading.Lock(), time.monotonic() + seconds

    def ask_on_and_on() -> None:
        statuses: Counter[int] = Counter()
        retry_after: set[str | None] = set()
        client = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        while time.monotonic() < end:
            client.request("GET", path)
            answer = client.getresponse()
            answer.read()
            statuses[answer.status] += 1
            if answer.status == 429:
                retry_after.add(answer.getheader("Retry-After"))
        client.close()
        with lock:
            flooded.statuses += statuses
            flooded.retry_after |= retry_after

    threads = [threading.Thread(target=ask_on_and_on) for _ in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return flooded
