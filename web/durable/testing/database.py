"""The tests' database: a file, as in production, where threads wait for its lock. In memory they would be refused."""

import os
import tempfile
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from django.db import connections


def keep_in_a_file() -> None:
    """Have SQLite's test database in a file, unless the project's settings or fixtures name a place."""
    for name in connections:
        test = connections.settings[name]["TEST"]
        if connections[name].vendor == "sqlite" and not test.get("NAME"):
            test["NAME"] = str(Path(tempfile.gettempdir()) / f"durable-test-{os.getpid()}-{name}.sqlite3")


def at_once(steps: Sequence[Callable[[], Any]]) -> list[Any]:
    """What each gives, all begun in the same moment, each in a thread and on a connection of its own."""
    gate, answers = threading.Barrier(len(steps)), [None] * len(steps)

    def go(place: int, step: Callable[[], Any]) -> None:
        try:
            gate.wait(10)
            answers[place] = step()
        except Exception as error:
            answers[place] = error  # type: ignore[call-overload]
        finally:
            connections.close_all()

    threads = [threading.Thread(target=go, args=pair) for pair in enumerate(steps)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    for answer in answers:
        if isinstance(answer, Exception):
            raise answer
    return answers
