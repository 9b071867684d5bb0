"""Batches as files: uploads read line by line, each bad line with its reason, and results as CSV."""

import codecs
import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from arithmetic import indexes
from arithmetic.indexes import walking
from arithmetic.models import MathTask
from arithmetic.operations import OPERATIONS, OperationError, canonical

MAX_ROWS = 100_000
MAX_TOLD = 100  # bad lines in one answer
MAX_FIELD = 200  # characters of a number, as in the form
COLUMNS = ("x", "task_type", "y")
RESULT_COLUMNS = ("id", "x", "task_type", "y", "status", "result", "error")
CHUNK = 1_000
SAVE_AS = "save it as CSV in UTF-8, then send it again."
NO_JSON = 'Send JSON such as {"tasks": [{"x": "1", "task_type": "add", "y": "2"}]}.'
OPENING = re.compile(r'\s*(\{\s*"tasks"\s*:\s*)?\[')
COMMA, SPACE = re.compile(r"\s*,\s*"), re.compile(r"\s*")
CLOSING_OBJECT, CLOSING_LIST = re.compile(r"\s*\]\s*\}\s*"), re.compile(r"\s*\]\s*")
DECODER = json.JSONDecoder()
Row = tuple[str, str, str]


class BadBatch(ValueError):
    """Nothing of the upload is stored; `lines` says what to correct, as far as there is room."""

    def __init__(self, sentence: str, lines: list[dict[str, Any]] | None = None, bad: int = 0) -> None:
        super().__init__(sentence)
        self.lines, self.bad = lines or [], bad


class Rows:
    """Valid rows, packed: as tuples of strings they would take ten times the memory."""

    def __init__(self) -> None:
        self._packed: list[str] = []
        self._loose: list[Row] = []

    def append(self, row: Row) -> None:
        """Take one more."""
        self._loose.append(row)
        if len(self._loose) == CHUNK:
            self._packed.append(pack(self._loose))
            self._loose = []

    def __len__(self) -> int:
        return len(self._packed) * CHUNK + len(self._loose)

    def chunks(self) -> Iterator[list[Row]]:
        """The rows in order, a thousand at a time."""
        for packed in self._packed:
            flat = packed.split("\0")
            yield list(zip(flat[0::3], flat[1::3], flat[2::3], strict=True))
        if self._loose:
            yield self._loose

    def fingerprint_parts(self) -> Iterator[bytes]:
        """Bytes that are the same for the same rows."""
        yield from (packed.encode() for packed in self._packed)
        yield pack(self._loose).encode()


def pack(rows: Iterable[Row]) -> str:
    """Rows as one string; NUL is in none of the values."""
    return "\0".join(value for row in rows for value in row)


class Reader:
    """Checks rows one by one and keeps the good ones, or the reasons."""

    def __init__(self) -> None:
        self.rows, self.lines, self.bad, self.seen = Rows(), list[dict[str, Any]](), 0, 0

    def take(self, line: int, values: Sequence[Any]) -> None:
        """Check one row; more than MAX_ROWS ends it at once."""
        self.seen += 1
        if self.seen > MAX_ROWS:
            raise BadBatch(f"A batch has at most {MAX_ROWS:,} tasks: split this one.")
        try:
            self.rows.append(checked(values))
        except ValueError as error:
            self.bad += 1
            if len(self.lines) < MAX_TOLD:
                self.lines.append({"line": line, "error": str(error)})

    def finish(self) -> Rows:
        """All rows, or BadBatch."""
        if self.bad:
            rest = self.bad - len(self.lines)
            more = f" The first {MAX_TOLD} are listed, {rest:,} more are not." if rest else ""
            raise BadBatch(
                f"Nothing was stored: {self.bad:,} of {self.seen:,} tasks are wrong.{more}", self.lines, self.bad
            )
        if not self.seen:
            raise BadBatch("There is no task in it: send at least one.")
        return self.rows


def checked(values: Sequence[Any]) -> Row:
    """A valid row with canonical numbers, or ValueError with a sentence."""
    if len(values) != len(COLUMNS):
        raise ValueError("A task has exactly x, task_type and y.")
    x, task_type, y = values
    if not isinstance(task_type, str) or task_type not in OPERATIONS:
        raise ValueError(f"task_type: There is no such operation; use one of: {', '.join(OPERATIONS)}.")
    return number("x", x), task_type, number("y", y)


def number(name: str, text: Any) -> str:
    """A canonical number, or ValueError that names the field."""
    if not isinstance(text, str):
        raise ValueError(f"{name}: Send the number as a string, so that no digit is lost.")
    if len(text) > MAX_FIELD:
        raise ValueError(f"{name}: Type a number of at most {MAX_FIELD} characters.")
    try:
        return canonical(text)
    except OperationError as error:
        raise ValueError(f"{name}: {error}") from None


def read_csv(stream: Iterable[bytes]) -> Rows:
    """Read CSV in UTF-8 (a BOM is fine) with the columns x, task_type and y, line by line."""
    reader, lines = Reader(), csv.reader(decoded(stream), strict=True)
    try:
        places = columns(next(lines, []))
        for values in lines:
            if not values:
                continue  # an empty line
            # One field more or fewer than the header: which is which, nobody knows.
            row = [values[place] for place in places] if len(values) == len(places) else None
            reader.take(lines.line_num, row or [])
    except csv.Error as error:
        raise BadBatch(f"Line {lines.line_num} is not CSV ({error}): quotes have to be doubled and closed.") from None
    return reader.finish()


def decoded(stream: Iterable[bytes]) -> Iterator[str]:
    """Lines of text; BadBatch where they are not UTF-8."""
    for number, line in enumerate(stream, 1):
        if number == 1:
            if line.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
                raise BadBatch(f"The file is in UTF-16: {SAVE_AS}")
            line = line.removeprefix(codecs.BOM_UTF8)
        if b"\0" in line:
            raise BadBatch(f"Line {number} holds a NUL, so it is not text: {SAVE_AS}")
        try:
            yield line.decode()
        except UnicodeDecodeError:
            raise BadBatch(f"Line {number} is not in UTF-8: {SAVE_AS}") from None


def columns(header: list[str]) -> list[int]:
    """Where x, task_type and y are in a line."""
    names = [name.strip() for name in header]
    if sorted(names) != sorted(COLUMNS):
        raise BadBatch("The first line has to be x,task_type,y, and each line after it a task.")
    return [names.index(name) for name in COLUMNS]


def read_json(body: bytes) -> Rows:
    """Read {"tasks": [{"x": ..., "task_type": ..., "y": ...}, ...]} or the list alone, task by task."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadBatch("The body is not in UTF-8: send JSON in UTF-8.") from None
    if not (start := OPENING.match(text)):
        raise BadBatch(NO_JSON)
    reader, place = Reader(), start.end()
    closing = CLOSING_OBJECT if start[1] else CLOSING_LIST
    try:
        # One task at a time: the whole tree at once would take ten times the memory of the text.
        while not closing.fullmatch(text, place):
            place = after(COMMA if reader.seen else SPACE, text, place)
            task, place = DECODER.raw_decode(text, place)
            reader.take(reader.seen + 1, fields(task))
    except (ValueError, RecursionError) as error:
        if isinstance(error, BadBatch):
            raise
        raise BadBatch(f"Task {reader.seen + 1} cannot be read. {NO_JSON}") from None
    return reader.finish()


def after(pattern: re.Pattern[str], text: str, place: int) -> int:
    """The end of what has to stand here."""
    if not (found := pattern.match(text, place)):
        raise ValueError(place)
    return found.end()


def fields(task: Any) -> list[Any]:
    """The three values of a task, or nothing where it is something else."""
    known = isinstance(task, dict) and set(task) == set(COLUMNS)
    return [task[name] for name in COLUMNS] if known else []


def results(batch: int) -> Iterator[bytes]:
    """The batch as CSV, in the order of the upload, in constant memory."""
    yield (",".join(RESULT_COLUMNS) + "\r\n").encode()
    last = 0
    # By keyset, not by one long query: no cursor stays open while a slow client reads.
    while rows := _results_after(batch, last):
        text = io.StringIO()
        csv.writer(text).writerows(rows)
        last = rows[-1][0]
        yield text.getvalue().encode()


def _results_after(batch: int, last: int) -> list[Any]:
    rows = MathTask.objects.filter(batch_id=batch, id__gt=last).order_by("id")
    with walking(indexes.BATCH):
        return list(rows.values_list(*RESULT_COLUMNS)[:CHUNK])
