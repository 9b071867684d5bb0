"""A window on a JSON text: of the whole only the part around the reading place is in memory."""

import json
import re
from collections.abc import Iterable
from typing import Any

LONGEST = 16 * 1024  # characters of one task, as it stands in the upload
AHEAD = LONGEST + 16  # what is to be seen of a longer one; a literal that is cut at the edge is no mistake of its own
SPACE = re.compile(r"[ \t\n\r]*")
DECODER = json.JSONDecoder()


class TooLong(Exception):
    """A value that is longer than LONGEST."""


class Window:
    """Reads a text from its beginning to its end, value by value."""

    def __init__(self, texts: Iterable[str]) -> None:
        self.texts, self.text, self.place, self.whole = iter(texts), "", 0, False

    def fill(self) -> None:
        """See to it that AHEAD lies ahead, or all that is left."""
        ahead = len(self.text) - self.place
        if self.whole or ahead >= AHEAD:
            return
        parts = [self.text[self.place :]]
        while ahead < AHEAD and not self.whole:
            text = next(self.texts, None)
            self.whole = text is None
            parts.append(text or "")
            ahead += len(parts[-1])
        self.text, self.place = "".join(parts), 0

    def skip_space(self) -> None:
        """Go to the next character that means something."""
        while True:
            self.fill()
            self.place = SPACE.match(self.text, self.place).end()  # type: ignore[union-attr]  # it matches nothing, too
            if self.place < len(self.text) or self.whole:
                return

    def take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """Pass by what stands here, if it does."""
        self.skip_space()
        if found := pattern.match(self.text, self.place):
            self.place = found.end()
        return found

    def value(self) -> Any:
        """The value that stands here; ValueError where there is none, TooLong before it would cost memory."""
        self.skip_space()
        self.fill()
        edge = self.place + LONGEST
        try:
            value, end = DECODER.raw_decode(self.text, self.place)
        except json.JSONDecodeError as error:
            # Cut at the edge of the window: the mistake is there, or is said to be where the string begins.
            if edge < len(self.text) and (error.pos >= edge or error.msg.startswith("Unterminated")):
                raise TooLong from None
            raise
        if end > edge:
            raise TooLong
        self.place = end
        return value

    def ended(self) -> bool:
        """Whether nothing is left."""
        self.skip_space()
        return self.place == len(self.text)
