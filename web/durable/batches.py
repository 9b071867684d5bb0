"""Many tasks in one upload: their rows, checked and packed, and how far a stored batch is."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_noop

from durable import kinds, schedule
from durable.checkers import Refused
from durable.counts import together
from durable.kinds import Kind
from durable.models import Batch
from durable.queries import TaskQuerySet
from durable.states import Status
from durable.words import Sentence, of, say

MAX_ROWS = 100_000
MAX_TOLD = 100  # bad lines in one answer
CHUNK = 1_000
CHUNK_SIZE = 1_000_000  # characters
WHOLE = timedelta(hours=12)  # RETENTION_DAYS is 1 at least: until then nothing of a batch is purged
MISSING = object()
FIELD = gettext_noop("{field}: {sentence}")


class BadBatch(ValueError):
    """Nothing of the upload is stored; `lines` says what to correct, as far as there is room."""

    def __init__(self, sentence: Sentence, lines: list[dict[str, Any]] | None = None, bad: int = 0) -> None:
        super().__init__(sentence)
        self.lines, self.bad = lines or [], bad


class Rows:
    """Valid rows as the database takes them, packed: as tuples they would take ten times the memory."""

    def __init__(self) -> None:
        self._packed: list[bytes] = []
        self._loose: list[Sequence[Any]] = []
        self._count = self._size = 0
        self.later = 0  # how many have a `run_after`, behind their inputs

    def append(self, row: Sequence[Any], run_after: schedule.Wanted = None) -> None:
        """Take one more."""
        if run_after is not None:
            row = (*row, run_after)
            self.later += 1
        self._loose.append(row)
        self._count += 1
        self._size += sum([len(value) for value in row if isinstance(value, str)])
        if len(self._loose) == CHUNK or self._size > CHUNK_SIZE:
            self._packed.append(pack(self._loose))
            self._loose, self._size = [], 0

    def __len__(self) -> int:
        return self._count

    def chunks(self) -> Iterator[list[Sequence[Any]]]:
        """The rows in order, a thousand at a time, or fewer where they are long."""
        for packed in self._packed:
            yield json.loads(packed)
        if self._loose:
            yield self._loose

    def fingerprint(self, kind: str) -> str:
        """The same for the same rows of a kind."""
        digest = hashlib.sha256(kind.encode())
        for packed in (*self._packed, pack(self._loose)):
            digest.update(packed)
        return digest.hexdigest()


def pack(rows: Sequence[Sequence[Any]]) -> bytes:
    """Rows as one text; JSON, so that no character of a value can be taken for the end of it."""
    return json.dumps(rows, ensure_ascii=False, separators=(",", ":")).encode()


class Reader:
    """Checks rows one by one and keeps the good ones, or the reasons."""

    def __init__(self, kind: Kind) -> None:
        self.kind, self.rows, self.lines, self.bad, self.seen = kind, Rows(), list[dict[str, Any]](), 0, 0
        self.checkers = kind.checkers

    def take(self, line: int, values: Sequence[Any], run_after: Any = None) -> None:
        """Check one row, in the order of the kind's inputs; more than MAX_ROWS ends it at once."""
        self.seen += 1
        if self.seen > MAX_ROWS:
            raise BadBatch(say(gettext_noop("A batch has at most {n} tasks: split this one."), n=f"{MAX_ROWS:,}"))
        try:
            self.rows.append(self.kind.prepare(self.checked(values)), self.when(run_after))
        except ValueError as error:
            self.bad += 1
            if len(self.lines) < MAX_TOLD:
                self.lines.append({"line": line, "error": of(error)})

    def checked(self, values: Sequence[Any]) -> list[Any]:
        """The values as they are kept, or ValueError with a sentence."""
        if len(values) != len(self.checkers):
            raise ValueError(say(gettext_noop("A task has exactly {names}."), names=listed(self.kind.inputs)))
        try:
            if MISSING not in values:
                return [check(value) for check, value in zip(self.checkers, values, strict=True)]
        except Refused:
            pass  # found again below, with its column's name, which would cost every row something here
        return [self.one(name, value) for name, value in zip(self.kind.inputs, values, strict=True)]

    def one(self, name: str, value: Any) -> Any:
        """One value as it is kept, or ValueError with a sentence that names the column."""
        try:
            return self.kind.optional[name] if value is MISSING else self.kind.check(name, value)
        except Refused as error:
            raise ValueError(say(FIELD, field=name, sentence=of(error))) from None

    def when(self, run_after: Any) -> schedule.Wanted:
        """When it begins, or ValueError with a sentence that names the column."""
        try:
            return schedule.read(run_after)
        except Refused as error:
            raise ValueError(say(FIELD, field=schedule.RUN_AFTER, sentence=of(error))) from None

    def finish(self) -> Rows:
        """All rows, or BadBatch."""
        if self.bad:
            values = {"bad": f"{self.bad:,}", "all": f"{self.seen:,}", "told": MAX_TOLD}
            rest = self.bad - len(self.lines)
            some = gettext_noop(
                "Nothing was stored: {bad} of {all} tasks are wrong. The first {told} are listed, {more} more are not."
            )
            every = gettext_noop("Nothing was stored: {bad} of {all} tasks are wrong.")
            sentence = say(some, **values, more=f"{rest:,}") if rest else say(every, **values)
            raise BadBatch(sentence, self.lines, self.bad)
        if not self.seen:
            raise BadBatch(say(gettext_noop("There is no task in it: send at least one.")))
        return self.rows


def listed(names: Sequence[str]) -> str:
    """Names in a sentence: a, b and c."""
    *most, last = names
    return say(gettext_noop("{names} and {last}"), names=", ".join(most), last=last) if most else last


def tasks(batch: Batch) -> TaskQuerySet:
    """The rows of a batch."""
    rows: TaskQuerySet = kinds.get(batch.kind).model.objects.filter(batch_id=batch.pk)
    return rows


def counts(batch: Batch) -> dict[str, int]:
    """How many of its tasks are in each state, of one moment; one walk of one index.

    Nearly all end in success, and counting a hundred thousand takes MySQL 50 ms: while none can have been purged,
    that number is the difference.
    """
    rows = tasks(batch)
    stored = [Status.SCHEDULED, Status.CREATED, Status.FAILED, Status.CANCELLED]
    whole = timezone.now() - batch.create_time < WHOLE
    if not whole:
        stored.append(Status.SUCCESS)
    running, *found = together([rows.running(), *(rows.filter(status=status) for status in stored)])
    number: dict[str, int] = {str(status): count for status, count in zip(stored, found, strict=True)}
    if whole:
        number[Status.SUCCESS] = batch.total - sum(found)
    return {**dict.fromkeys(Status.values, 0), **number, "created": number["created"] - running, "pending": running}
