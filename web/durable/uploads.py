"""Reading an upload, CSV or JSON, task by task: never all of it in memory, whatever is in it."""

import codecs
import csv
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from django.utils.translation import gettext_noop

from durable.batches import MISSING, BadBatch, Reader, Rows
from durable.kinds import Kind
from durable.schedule import RUN_AFTER
from durable.window import LONGEST, TooLong, Window
from durable.words import say

OPENING = re.compile(r'(\{\s*"tasks"\s*:\s*)?\[')
COMMA, CLOSING, CLOSING_OBJECT = re.compile(","), re.compile("]"), re.compile("}")


def read_csv(kind: Kind, pieces: Iterable[bytes]) -> Rows:
    """Read CSV in UTF-8 (a BOM is fine) with a column for each input and perhaps run_after, line by line."""
    reader, text = Reader(kind), Lines(pieces)
    lines = csv.reader(text, strict=True)
    try:
        header = next(lines, [])
        text.next_task()
        places, last = columns(kind, header)
        for values in lines:
            text.next_task()
            if not values:
                continue  # an empty line
            # One field more or fewer than the header: which is which, nobody knows.
            fits = len(values) == len(header)
            row = [MISSING if place is None else values[place] for place in places] if fits else []
            reader.take(lines.line_num, row, values[last] if fits and last is not None else None)
    except csv.Error as error:
        sentence = gettext_noop("Line {n} is not CSV ({why}): quotes have to be doubled and closed.")
        raise BadBatch(say(sentence, n=lines.line_num, why=str(error))) from None
    return reader.finish()


class Lines:
    """Lines of text out of pieces of bytes; BadBatch where they are not UTF-8, or too long for one task."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self.pieces, self.number, self.first, self.taken = pieces, 0, 1, 0

    def next_task(self) -> None:
        """A task has ended with the last line: one in quotes may have many lines."""
        self.first, self.taken = self.number + 1, 0

    def __iter__(self) -> Iterator[str]:
        rest = b""
        for piece in self.pieces:
            *whole, rest = (rest + piece).split(b"\n")
            for line in whole:
                yield self.decoded(line + b"\n")
            if len(rest) > 4 * LONGEST:  # as many bytes as characters can have
                raise self.too_long()
        if rest:
            yield self.decoded(rest)

    def decoded(self, line: bytes) -> str:
        """The next line as text."""
        self.number += 1
        if self.number == 1:
            if line.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
                raise BadBatch(say(gettext_noop("The file is in UTF-16: save it as CSV in UTF-8, then send it again.")))
            line = line.removeprefix(codecs.BOM_UTF8)
        if b"\0" in line:
            sentence = gettext_noop(
                "Line {n} holds a NUL, so it is not text: save it as CSV in UTF-8, then send it again."
            )
            raise BadBatch(say(sentence, n=self.number))
        try:
            text = line.decode()
        except UnicodeDecodeError:
            sentence = gettext_noop("Line {n} is not in UTF-8: save it as CSV in UTF-8, then send it again.")
            raise BadBatch(say(sentence, n=self.number)) from None
        self.taken += len(text)
        if self.taken > LONGEST:
            raise self.too_long()
        return text

    def too_long(self) -> BadBatch:
        """The refusal of what no task can be."""
        sentence = gettext_noop(
            "The task on line {n} is longer than {most} characters: shorten its texts, and close its quotes."
        )
        return BadBatch(say(sentence, n=self.first, most=f"{LONGEST:,}"))


def columns(kind: Kind, header: list[str]) -> tuple[list[int | None], int | None]:
    """Where each input is in a line, and where run_after; None for what may be left out, and is."""
    names = [name.strip() for name in header]
    needed = [name for name in kind.inputs if name not in kind.optional]
    known = len(set(names)) == len(names) and set(needed) <= set(names) <= {*kind.inputs, RUN_AFTER}
    if not known:
        sentence = gettext_noop("The first line has to be {names}, and each line after it a task.")
        raise BadBatch(say(sentence, names=",".join(kind.inputs)))
    *places, last = [names.index(name) if name in names else None for name in (*kind.inputs, RUN_AFTER)]
    return places, last


def read_json(kind: Kind, pieces: Iterable[bytes]) -> Rows:
    """Read {"tasks": [{...}, ...]} or the list alone, task by task."""
    text, reader = Window(texts(pieces)), Reader(kind)
    if not (opening := text.take(OPENING)):
        raise BadBatch(say(gettext_noop("Send JSON such as {example}."), example=example(kind)))
    try:
        closed = text.take(CLOSING)
        while not closed:
            task = text.value()
            values = fields(kind, task)
            reader.take(reader.seen + 1, values, task.get(RUN_AFTER) if values else None)
            closed = text.take(CLOSING)
            if not closed and not text.take(COMMA):
                raise ValueError("two tasks without a comma")
        if (opening[1] and not text.take(CLOSING_OBJECT)) or not text.ended():
            raise ValueError("another end")
    except BadBatch:
        raise
    except TooLong:
        sentence = gettext_noop("Task {n} is longer than {most} characters: shorten its texts.")
        raise BadBatch(say(sentence, n=reader.seen + 1, most=f"{LONGEST:,}")) from None
    except (ValueError, RecursionError):
        sentence = gettext_noop("Task {n} cannot be read: send JSON such as {example}.")
        raise BadBatch(say(sentence, n=reader.seen + 1, example=example(kind))) from None
    return reader.finish()


def texts(pieces: Iterable[bytes]) -> Iterator[str]:
    """The same as text; BadBatch where it is not UTF-8."""
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    try:
        for piece in pieces:
            yield decoder.decode(piece)
        yield decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        raise BadBatch(say(gettext_noop("The body is not in UTF-8: send JSON in UTF-8."))) from None


def example(kind: Kind) -> str:
    """What a batch in JSON looks like."""
    return json.dumps({"tasks": [dict.fromkeys(kind.inputs, "...")]})


def fields(kind: Kind, task: Any) -> list[Any]:
    """The inputs of a task, or nothing where it is something else."""
    if not isinstance(task, dict) or not set(task) <= {*kind.inputs, RUN_AFTER}:
        return []
    values = [task.get(name, MISSING) for name in kind.inputs]
    complete = all(
        value is not MISSING or name in kind.optional for name, value in zip(kind.inputs, values, strict=True)
    )
    return values if complete else []
