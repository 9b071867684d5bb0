"""What `perform` raises where there is no outcome. Anything else that it raises is a bug, and told as one."""

from typing import Any

from durable.words import say


class Failed(Exception):
    """There is no outcome, and another try would not help: the task is `failed`, with this sentence.

    `Failed("There is no page at {address}.", address=url)`: the template can be translated, its values are kept.
    """

    def __init__(self, sentence: str, **values: Any) -> None:
        super().__init__(say(sentence, **values) if values else sentence)
