"""The light rows that `perform` gets."""

from collections import namedtuple
from functools import cache
from typing import Any, Protocol

from durable.kinds import Kind


class Listener(Protocol):
    """Who is told of the progress of what runs."""

    def tell(self, identity: int, fraction: float, words: str) -> None:
        """Take it in; Cancelled where nobody wants the outcome any more."""


@cache
def light(kind: Kind) -> Any:
    """The class of a kind's: id, attempts, round, microseconds waited, the inputs, `key` and `progress`."""

    # Its fields are the model's, which no type checker sees.
    base: Any = namedtuple("Row", ("id", "attempts", "round", "waited", *kind.inputs))  # type: ignore[misc]

    class Row(base):
        id: int
        round: int
        waited: int
        listener: Listener | None = None  # none where a test calls `perform` by itself

        @property
        def key(self) -> str:
            """The idempotency key for effects outside of the database: the same for each try of one round."""
            return f"{kind.name}-{self.id}-{self.round}"

        def progress(self, fraction: float, words: str = "") -> None:
            """Say how far it is, from 0 to 1, and with what; often, since at most one a second is written.

            durable.Cancelled where somebody has cancelled the task: let it pass, after a clean-up if need be.
            """
            fraction, words = fraction_of(fraction), str(words)
            if self.listener:
                self.listener.tell(self.id, fraction, words)

    return Row


def fraction_of(given: float) -> float:
    """A part of the whole; ValueError where it is none."""
    fraction = float(given)
    if not 0 <= fraction <= 1:
        raise ValueError(f"progress takes a number from 0 to 1, and not {given!r}")
    return fraction
