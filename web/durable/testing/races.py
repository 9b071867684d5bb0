"""The same with real connections: processes that go for the same tasks at the same moment."""

import threading
from collections import Counter
from functools import partial
from typing import Any

from durable.claims import Process
from durable.runs import Run
from durable.testing.database import at_once
from durable.testing.suite import Suite

ROUNDS = 8


class Races(Suite):
    """Each process is a thread with a connection of its own."""

    def race(self, *messages: list[int]) -> Counter[int]:
        """Run all messages at once; how often each task was performed."""
        mine, performed, perform = threading.local(), Counter[int](), self.kind.perform

        def noting(row: Any) -> Any:
            performed[row.id] += 1
            return perform(row)

        def work(number: int, ids: list[int]) -> None:
            mine.process = Process(f"racing/{number}")
            Run(self.work, 0, ids).go()

        with self.monkeypatch.context() as patch:
            patch.setattr(self.kind, "perform", staticmethod(noting))
            patch.setattr("durable.claims.this_process", lambda: mine.process)
            at_once([partial(work, *pair) for pair in enumerate(messages)])
        return performed

    def ends_once(self, ids: list[int], performed: Counter[int]) -> None:
        """Nothing ran twice; what all yielded runs when the sweep has published it again."""
        assert max(performed.values(), default=0) <= 1, performed
        performed += self.race([identity for identity in ids if not performed[identity]] or ids)
        assert performed == dict.fromkeys(ids, 1)
        rows = [self.stored(identity) for identity in ids]
        assert {(row.status, row.attempts) for row in rows} == {("success", 1)}

    def test_two_processes_with_one_message_run_each_task_once(self) -> None:
        for _ in range(ROUNDS):
            ids = self.store(4)
            self.ends_once(ids, self.race(ids, ids))

    def test_processes_with_overlapping_messages_run_each_task_once(self) -> None:
        for _ in range(ROUNDS):
            ids = self.store(6)
            self.ends_once(ids, self.race(ids[:4], ids[2:], ids[1::2]))
