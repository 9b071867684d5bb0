"""A broker that only remembers: the real publisher cuts and sends, and the messages stay here."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from durable.celery.broker import SINGLE
from durable.publisher import Publisher
from durable.tasks import run

MOST = 50  # rounds of one delivery


@dataclass(frozen=True)
class Message:
    """One that a worker would get."""

    kind: str
    round: int
    ids: tuple[int, ...]
    queue: str
    portion: int = 0


class Broker:
    """Takes what is published, and delivers it when it is told to."""

    def __init__(self) -> None:
        self.messages: list[Message] = []

    def send(
        self,
        kind: str,
        round: int,
        ids: Sequence[int],
        request_ids: Sequence[str] = (),
        queue: str = SINGLE,
        portion: int = 0,
    ) -> None:
        """The publisher's way to it."""
        self.messages.append(Message(kind, round, tuple(ids), queue, portion))

    def apply_async(self, args: Sequence[Any], queue: str = SINGLE, **_: Any) -> None:
        """Celery's way to it: what workers and the sweep publish."""
        kind, round, ids, portion = args
        self.send(kind, round, ids, queue=queue, portion=portion)

    def sent(self) -> list[Message]:
        """What was published since the last look."""
        assert publisher.flush(10), "the publisher is still at work after 10 s"
        found, self.messages[:] = list(self.messages), []
        return found

    def work(self) -> None:
        """Deliver all messages, and those that come of them, to this process as a worker."""
        for _ in range(MOST):
            found = self.sent()
            if not found:
                return
            for message in found:
                run(message.kind, message.round, list(message.ids), message.portion)
        raise AssertionError(f"after {MOST} rounds there are still messages: the tasks never end")


broker = Broker()
publisher = Publisher(broker.send)
