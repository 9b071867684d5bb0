"""What `perform` raises where there is no outcome. Anything else that it raises is a bug, and told as one."""

from typing import Any

from durable.backoff import fit
from durable.words import Sentence, say


class Again(Exception):
    """A later try may help: the task is tried again `after` so many seconds, else as the kind's backoff has it.

    `Again("{host} is busy.", after=60, host=host)`: why, as in Failed. Each try counts, whatever ends it: after
    `max_attempts` of them the task is `failed` with this sentence, so that every task comes to an end.
    """

    def __init__(self, sentence: str, after: float | None = None, **values: Any) -> None:
        super().__init__(say(sentence, **values) if values else sentence)
        self.after = None if after is None else fit(after)


class Failed(Exception):
    """There is no outcome, and another try would not help: the task is `failed`, with this sentence.

    `Failed("There is no page at {address}.", address=url)`: the template can be translated, its values are kept.
    """

    def __init__(self, sentence: str, **values: Any) -> None:
        super().__init__(say(sentence, **values) if values else sentence)


class Cancelled(BaseException):
    """Raised in `perform`, never by it: somebody cancelled the task, so nobody wants its outcome any more.

    No Exception, so that what catches those to go on with the next part of its work does not go on.
    """


def describe(error: Exception) -> Sentence:
    """How a bug is told: by its name and its message."""
    return Sentence(f"{type(error).__name__}: {error}" if str(error) else type(error).__name__)
