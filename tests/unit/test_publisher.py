import threading
import time
from collections.abc import Callable, Sequence
from types import SimpleNamespace

import pytest

from durable import messages
from durable.publisher import Publisher
from support.waiting import wait_for

Message = tuple[list[int], list[str]]


class Recorder:
    """A broker that notes its messages; `waits_for` lets a test wait for what it wants to see."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.queues: list[str] = []
        self.kinds: list[tuple[str, int]] = []
        self.changed = threading.Condition()
        self.open = threading.Event()
        self.entered = threading.Event()
        self.failures = 0
        self.open.set()

    def send(self, kind: str, round: int, ids: Sequence[int], request_ids: Sequence[str], queue: str) -> None:
        self.entered.set()
        assert self.open.wait(30)
        with self.changed:
            if self.failures:
                self.failures -= 1
                self.changed.notify_all()
                raise ConnectionError("refused")
            self.messages.append((list(ids), list(request_ids)))
            self.queues.append(queue)
            self.kinds.append((kind, round))
            self.changed.notify_all()

    def waits_for(self, condition: Callable[[], object]) -> None:
        with self.changed:
            assert self.changed.wait_for(condition, 10), self.messages

    def ids(self) -> list[int]:
        return [task_id for ids, _ in self.messages for task_id in ids]


@pytest.fixture
def broker() -> Recorder:
    return Recorder()


def frozen(broker: Recorder, publisher: Publisher) -> None:
    """The broker hangs in its first message."""
    broker.open.clear()
    broker.entered.clear()
    publisher.put("sum", 0, "first")
    assert broker.entered.wait(10)


def test_ids_that_come_one_after_the_other_go_at_once(broker: Recorder) -> None:
    publisher = Publisher(broker.send, size=500, window=60)
    for task_id in range(3):
        publisher.put("sum", task_id, f"r{task_id}")
        assert publisher.flush(10)
    assert broker.messages == [([0], ["r0"]), ([1], ["r1"]), ([2], ["r2"])]


def test_where_several_come_the_next_ones_gather_and_go_as_one_message(broker: Recorder) -> None:
    publisher = Publisher(broker.send, size=500, window=0.3)
    frozen(broker, publisher)
    publisher.put("sum", 1)
    publisher.put("sum", 2)
    broker.open.set()
    broker.waits_for(lambda: len(broker.messages) == 2)
    sent = time.monotonic()
    for task_id in range(3, 100):
        publisher.put("sum", task_id)
    assert publisher.flush(10)
    assert time.monotonic() - sent > 0.2
    assert [len(ids) for ids, _ in broker.messages] == [1, 2, 97]
    assert broker.ids() == list(range(100))


def test_the_more_gathers_the_longer_it_gathers_next(broker: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    rests: list[float] = []
    monkeypatch.setattr("durable.publisher.time", SimpleNamespace(sleep=rests.append))
    publisher = Publisher(broker.send, size=500, window=1)
    frozen(broker, publisher)
    for task_id in range(1, 4):
        publisher.put("sum", task_id)
    broker.open.set()
    assert publisher.flush(10)
    frozen(broker, publisher)
    for task_id in range(1, 101):
        publisher.put("sum", task_id)
    broker.open.set()
    broker.waits_for(lambda: len(broker.messages) == 4)
    wait_for(lambda: len(rests) == 4, 10, "the publisher rests")
    assert rests == [0, 2, 0, 4]


def test_a_message_has_at_most_so_many_ids(broker: Recorder) -> None:
    publisher = Publisher(broker.send, size=40, window=0)
    frozen(broker, publisher)
    for task_id in range(1, 101):
        publisher.put("sum", task_id)
    broker.open.set()
    assert publisher.flush(10)
    assert [len(ids) for ids, _ in broker.messages] == [1, 40, 40, 20]
    assert broker.ids() == list(range(101))


def test_a_request_is_named_once_per_message(broker: Recorder) -> None:
    publisher = Publisher(broker.send, size=500, window=0)
    frozen(broker, publisher)
    for task_id, request_id in enumerate(["b", "a", "b", ""], 1):
        publisher.put("sum", task_id, request_id)
    broker.open.set()
    assert publisher.flush(10)
    assert broker.messages == [([0], ["first"]), ([1, 2, 3, 4], ["a", "b"])]


def test_ids_go_on_after_the_broker_was_down(broker: Recorder, caplog: pytest.LogCaptureFixture) -> None:
    publisher = Publisher(broker.send, size=500, window=0, pause=0)
    broker.failures = 2
    publisher.put("sum", 1)
    broker.waits_for(lambda: broker.failures == 1)
    assert publisher.flush(10)
    publisher.put("sum", 2)
    broker.waits_for(lambda: broker.failures == 0)
    assert publisher.flush(10)
    publisher.put("sum", 3)
    broker.waits_for(lambda: broker.messages == [([3], [])])
    assert caplog.text.count("broker away, 1 tasks are left to the sweep: refused") == 2


def test_a_pause_follows_a_failure(broker: Recorder) -> None:
    publisher = Publisher(broker.send, size=500, window=0, pause=0.4)
    broker.failures = 1
    publisher.put("sum", 1)
    broker.waits_for(lambda: not broker.failures)
    failed = time.monotonic()
    publisher.put("sum", 2)
    broker.waits_for(lambda: broker.messages)
    assert time.monotonic() - failed > 0.3


def test_a_frozen_broker_holds_no_request_and_no_more_than_so_many_ids(broker: Recorder) -> None:
    publisher = Publisher(broker.send, size=500, window=0, capacity=10)
    frozen(broker, publisher)
    # A put that waited for the broker would never get here: the broker is opened below.
    for task_id in range(1, 1001):
        publisher.put("sum", task_id)
    assert not publisher.flush(0.05)
    broker.open.set()
    assert publisher.flush(10)
    assert broker.ids() == list(range(11))


def test_flush_waits_for_the_message_on_its_way(broker: Recorder) -> None:
    publisher = Publisher(broker.send, size=500, window=0)
    assert publisher.flush(0)  # nothing was ever handed over
    frozen(broker, publisher)
    assert not publisher.flush(0.05)
    broker.open.set()
    assert publisher.flush(10)
    assert broker.ids() == [0]


def test_many_threads_lose_nothing(broker: Recorder) -> None:
    publisher = Publisher(broker.send, size=7, window=0)

    def put(first: int) -> None:
        for task_id in range(first, first + 250):
            publisher.put("sum", task_id)

    threads = [threading.Thread(target=put, args=[number * 250]) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert publisher.flush(10)
    assert sorted(broker.ids()) == list(range(2000))


def test_a_batch_goes_in_messages_of_its_own_queue_in_turn_with_single_tasks(broker: Recorder) -> None:
    publisher = Publisher(broker.send, size=40, window=0)
    frozen(broker, publisher)
    publisher.put_many("sum", 0, range(1000, 1100), "upload", "batches")
    for task_id in range(1, 51):
        publisher.put("sum", task_id)
    broker.open.set()
    assert publisher.flush(10)
    assert broker.queues == ["tasks", "tasks", "batches", "tasks", "batches", "batches"]
    batch = [ids for (ids, requests), queue in zip(broker.messages, broker.queues, strict=True) if queue == "batches"]
    assert batch == [list(range(1000, 1040)), list(range(1040, 1080)), list(range(1080, 1100))]
    assert sorted(broker.ids()) == [*range(51), *range(1000, 1100)]


def test_a_frozen_broker_bounds_what_batches_hold(broker: Recorder) -> None:
    publisher = Publisher(broker.send, size=10, window=0, capacity=10)
    frozen(broker, publisher)
    for _ in range(50):
        publisher.put_many("sum", 0, range(100), "", "batches")
    broker.open.set()
    assert publisher.flush(10)
    assert len(broker.ids()) == 1 + 10 * 10


def test_tasks_of_two_kinds_go_in_messages_of_their_own(broker: Recorder) -> None:
    publisher = Publisher(broker.send, size=2, window=0)
    frozen(broker, publisher)
    for task_id in range(1, 4):
        publisher.put("word", task_id)
        publisher.put("sum", task_id)
    broker.open.set()
    assert publisher.flush(10)
    assert list(zip(broker.kinds, broker.messages, strict=True))[1:] == [
        (("word", 0), ([1, 2], [])),
        (("sum", 0), ([1, 2], [])),
        (("word", 0), ([3], [])),
        (("sum", 0), ([3], [])),
    ]


def test_what_is_tried_again_goes_with_its_round(broker: Recorder) -> None:
    publisher = Publisher(broker.send, size=40, window=0)
    publisher.put_many("sum", 3, [5, 4], "", "tasks")
    assert publisher.flush(10)
    assert (broker.kinds, broker.messages, broker.queues) == ([("sum", 3)], [([4, 5], [])], ["tasks"])


@pytest.mark.parametrize(
    ("ids", "size", "parts"),
    [
        ([1, 2, 3], 2, [[1, 2], [3]]),
        ([3, 1, 2], 5, [[1, 2, 3]]),
        ([], 5, []),
        ([1, 2, 20_000, 20_001], 5, [[1, 2], [20_000, 20_001]]),
        ([1, 10_000, 20_000], 5, [[1], [10_000], [20_000]]),
    ],
)
def test_a_message_names_neighbours(ids: list[int], size: int, parts: list[list[int]]) -> None:
    assert [list(part) for part in messages.cut(ids, size)] == parts
