"""Reading an upload, CSV or JSON, task by task: never all of it as objects in memory."""

import codecs
import csv
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from django.utils.translation import gettext_noop

from durable.batches import MISSING, BadBatch, Reader, Rows
from durable.kinds import Kind
from durable.words import say

OPENING = re.compile(r'\s*(\{\s*"tasks"\s*:\s*)?\[')
COMMA, SPACE = re.compile(r"\s*,\s*"), re.compile(r"\s*")
CLOSING_OBJECT, CLOSING_LIST = re.compile(r"\s*\]\s*\}\s*"), re.compile(r"\s*\]\s*")
DECODER = json.JSONDecoder()


def read_csv(kind: Kind, stream: Iterable[bytes]) -> Rows:
    """Read CSV in UTF-8 (a BOM is fine) with a column for each input, line by line."""
    reader, lines = Reader(kind), csv.reader(decoded(stream), strict=True)
    try:
        header = next(lines, [])
        places = columns(kind, header)
        for values in lines:
            if not values:
                continue  # an empty line
            # One field more or fewer than the header: which is which, nobody knows.
            fits = len(values) == len(header)
            row = [MISSING if place is None else values[place] for place in places] if fits else []
            reader.take(lines.line_num, row)
    except csv.Error as error:
        sentence = gettext_noop("Line {n} is not CSV ({why}): quotes have to be doubled and closed.")
        raise BadBatch(say(sentence, n=lines.line_num, why=str(error))) from None
    return reader.finish()


def decoded(stream: Iterable[bytes]) -> Iterator[str]:
    """Lines of text; BadBatch where they are not UTF-8."""
    for number, line in enumerate(stream, 1):
        if number == 1:
            if line.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
                raise BadBatch(say(gettext_noop("The file is in UTF-16: save it as CSV in UTF-8, then send it again.")))
            line = line.removeprefix(codecs.BOM_UTF8)
        if b"\0" in line:
            sentence = gettext_noop(
                "Line {n} holds a NUL, so it is not text: save it as CSV in UTF-8, then send it again."
            )
            raise BadBatch(say(sentence, n=number))
        try:
            yield line.decode()
        except UnicodeDecodeError:
            sentence = gettext_noop("Line {n} is not in UTF-8: save it as CSV in UTF-8, then send it again.")
            raise BadBatch(say(sentence, n=number)) from None


def columns(kind: Kind, header: list[str]) -> list[int | None]:
    """Where each input is in a line; None for one that may be left out, and is."""
    names = [name.strip() for name in header]
    needed = [name for name in kind.inputs if name not in kind.optional]
    known = len(set(names)) == len(names) and set(needed) <= set(names) <= set(kind.inputs)
    if not known:
        sentence = gettext_noop("The first line has to be {names}, and each line after it a task.")
        raise BadBatch(say(sentence, names=",".join(kind.inputs)))
    return [names.index(name) if name in names else None for name in kind.inputs]


def read_json(kind: Kind, body: bytes) -> Rows:
    """Read {"tasks": [{...}, ...]} or the list alone, task by task."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadBatch(say(gettext_noop("The body is not in UTF-8: send JSON in UTF-8."))) from None
    if not (start := OPENING.match(text)):
        raise BadBatch(say(gettext_noop("Send JSON such as {example}."), example=example(kind)))
    reader, place = Reader(kind), start.end()
    closing = CLOSING_OBJECT if start[1] else CLOSING_LIST
    try:
        # One task at a time: the whole tree at once would take ten times the memory of the text.
        while not closing.fullmatch(text, place):
            place = after(COMMA if reader.seen else SPACE, text, place)
            task, place = DECODER.raw_decode(text, place)
            reader.take(reader.seen + 1, fields(kind, task))
    except (ValueError, RecursionError) as error:
        if isinstance(error, BadBatch):
            raise
        sentence = gettext_noop("Task {n} cannot be read: send JSON such as {example}.")
        raise BadBatch(say(sentence, n=reader.seen + 1, example=example(kind))) from None
    return reader.finish()


def example(kind: Kind) -> str:
    """What a batch in JSON looks like."""
    return json.dumps({"tasks": [dict.fromkeys(kind.inputs, "...")]})


def after(pattern: re.Pattern[str], text: str, place: int) -> int:
    """The end of what has to stand here."""
    if not (found := pattern.match(text, place)):
        raise ValueError(place)
    return found.end()


def fields(kind: Kind, task: Any) -> list[Any]:
    """The inputs of a task, or nothing where it is something else."""
    if not isinstance(task, dict) or not set(task) <= set(kind.inputs):
        return []
    values = [task.get(name, MISSING) for name in kind.inputs]
    complete = all(
        value is not MISSING or name in kind.optional for name, value in zip(kind.inputs, values, strict=True)
    )
    return values if complete else []
