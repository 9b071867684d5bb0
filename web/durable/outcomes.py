"""What came of a claim, written once: the claim ends and its rows get their outcomes in one transaction.

The claim is locked first: only if it is still held do the rows change. (Under READ COMMITTED a condition on the claim
inside of their UPDATE would be read without a lock, so that would be no fence.)
On MySQL all of it is one round trip.
"""

import json
from collections import Counter as Numbers
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.db import connection, transaction

from durable.ages import now
from durable.claims import Held, open_ids
from durable.counters import RUNS, WAITS, Statement, adding, histogram
from durable.events import ATTEMPT
from durable.states import Status
from durable.words import Sentence

MINE = "WHERE worker = %s AND seq = %s AND ids IS NOT NULL"
Change = tuple[str, list[Any], int]  # the last: how many rows it has to find; 0 where that does not matter
MOST_ERROR = 255  # characters: the column's


@dataclass
class Outcomes:
    """What has been found out and not been written yet."""

    # id, microseconds that it took, the outputs
    results: list[tuple[Any, ...]] = field(default_factory=list)
    # id, microseconds, status, error, reason, rounds to add, microseconds until it is due
    others: list[tuple[Any, ...]] = field(default_factory=list)
    # not begun: given back, and not counted
    untouched: list[int] = field(default_factory=list)
    # for how many microseconds each id waited
    waits: Mapping[int, int] = field(default_factory=dict)
    # what the database took until now (counters.SPENT): it is counted with them
    spent: Mapping[str, int] = field(default_factory=dict)

    def succeeded(self, identity: int, took: float, outputs: tuple[Any, ...]) -> None:
        """It has its outputs; `took` in seconds."""
        self.results.append((identity, int(took * 1e6), *outputs))

    def failed(self, identity: int, took: float, error: Sentence, after: float | None = None) -> None:
        """It ended without, or is tried again in another round `after` so many seconds."""
        reason = json.dumps([error.template, error.values], default=str) if error.values else None
        status = Status.FAILED if after is None else Status.SCHEDULED if after else Status.CREATED
        due = int(after * 1e6) if after else None
        again = after is not None
        self.others.append((identity, int(took * 1e6), str(status), str(error)[:MOST_ERROR], reason, int(again), due))

    def __bool__(self) -> bool:
        return bool(self.results or self.others or self.untouched)

    def again(self) -> list[int]:
        """What is to be published at once in the next round after a try."""
        return [row[0] for row in self.others if row[2] == Status.CREATED]

    def tried(self) -> list[list[tuple[Any, ...]]]:
        """The rows of each statement that has to find all of its rows."""
        return [rows for rows in (self.results, self.others) if rows]

    def still_open(self, held: Held) -> "Outcomes":
        """Without those that have ended otherwise meanwhile."""
        ids = open_ids(held.kind, held.round, [row[0] for rows in self.tried() for row in rows])
        results, others = ([row for row in rows if row[0] in ids] for rows in (self.results, self.others))
        return replace(self, results=results, others=others)

    def numbers(self) -> dict[str, int]:
        """What the counters are told of them."""
        took = {row[0]: row[1] for rows in self.tried() for row in rows}
        waits = [self.waits[identity] for identity in took if identity in self.waits]
        ended = Numbers("again" if row[5] else row[2] for row in self.others) + Numbers(success=len(self.results))
        times = {"waited": sum(waits), "ran": sum(took.values()), **self.spent} if took else {}
        return {**ended, **times, **histogram(WAITS, waits), **histogram(RUNS, took.values())}


class Overtaken(Exception):
    """Some of the rows were cancelled meanwhile: nothing is written, since it would be counted wrongly."""


def write(held: Held, outcomes: Outcomes, last: bool = True) -> bool:
    """Write them under the claim, and end it with the `last`; False if it was no longer held: nothing is written.

    May be repeated after a lost answer: what was written is no longer open, and a claim that ended stays so.
    """
    step = _one_round_trip if connection.vendor == "mysql" else _one_transaction
    while True:
        try:
            return step(held, outcomes, last)
        except Overtaken:  # what is no longer open never is again, in this round
            outcomes = outcomes.still_open(held)


def _one_transaction(held: Held, outcomes: Outcomes, last: bool) -> bool:
    numbers = outcomes.numbers()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(*fence(held, last))
        if not cursor.rowcount:
            return False
        for sql, values, expected in changes(held, outcomes):
            cursor.execute(sql, values)
            if expected:  # Python tells no count of a statement that begins with WITH
                cursor.execute("SELECT CHANGES()")
                if cursor.fetchone()[0] != expected:
                    raise Overtaken
        if numbers:
            cursor.execute(*adding(held.kind.name, held.worker, numbers, queue=held.queue))
    return True


def _one_round_trip(held: Held, outcomes: Outcomes, last: bool) -> bool:
    """The fence is locked and tested first and changed last; it is committed (by autocommit) if all rows were there.

    If the client goes away meanwhile, MySQL does the rest all the same, but then ROW_COUNT() is -1: so that commits
    nothing.
    """
    script = list(_script(held, outcomes, last))
    texts, values = [text for text, _, _ in script], [value for _, values, _ in script for value in values]
    with connection.cursor() as cursor:
        try:
            cursor.execute("; ".join(texts), values)
            counts = [cursor.rowcount]
            while cursor.nextset():
                counts.append(cursor.rowcount)
        except BaseException:
            connection.close()  # in the middle of a transaction that Django knows nothing of
            raise
    if counts[-2] != 1:
        return False
    if any(expected and count != expected for count, (_, _, expected) in zip(counts, script, strict=True)):
        connection.close()  # the same
        raise Overtaken
    return True


def _script(held: Held, outcomes: Outcomes, last: bool) -> Iterator[Change]:
    """All of it. Each change of rows that have to be there is followed by a look at their number."""
    fence_sql, fence_values = fence(held, last)
    numbers = outcomes.numbers()
    yield "SET autocommit = 0", [], 0
    yield f"SELECT COUNT(*), 1 INTO @held, @all FROM durable_claim {MINE} FOR UPDATE", fence_values, 0  # noqa: S608
    for sql, values, expected in changes(held, outcomes):
        yield f"{sql} AND @held = 1", values, expected
        if expected:
            yield "SET @all = @all AND ROW_COUNT() = %s", [expected], 0
    if numbers:
        yield *adding(held.kind.name, held.worker, numbers, "@held = 1", held.queue), 0
    yield fence_sql, fence_values, 0
    yield "SET autocommit = @all OR @held = 0", [], 0


def fence(held: Held, last: bool) -> Statement:
    """Locks the claim for this transaction; its count tells whether it is held."""
    change = "ids = NULL" if last else "seq = seq"
    return f"UPDATE durable_claim SET {change} {MINE}", [held.worker, held.seq]  # noqa: S608


def changes(held: Held, outcomes: Outcomes) -> Iterator[Change]:
    """The updates of the rows, and of how many where none may be missing."""
    updated, began, due = moments()
    common = {"attempts": "attempts + 1", "worker": "%s", "start_time": began, "update_time": updated}
    if outcomes.results:
        columns = (held.kind.fields[name].column for name in held.kind.outputs)
        outputs = {str(column): f"v.v_{place}" for place, column in enumerate(columns)}
        sets = {"status": f"'{Status.SUCCESS}'", **outputs, "error": "''", "reason": "NULL", **common}
        yield *joined(held, sets, outcomes.results, [held.worker]), len(outcomes.results)
    if outcomes.others:
        yield *events(held, outcomes.others), 0  # first: it looks at the rows as they were
        ended = f"CASE WHEN v.v_0 = '{Status.FAILED}' THEN"
        sets = {
            "status": "v.v_0", "error": "v.v_1", "reason": "v.v_2", "round": "round + v.v_3",
            **common, "start_time": f"{ended} {began} END", "due_time": due,
        }  # fmt: skip
        yield *joined(held, sets, outcomes.others, [held.worker]), len(outcomes.others)
    if outcomes.untouched:
        marks = ", ".join(["%s"] * len(outcomes.untouched))
        sql = f"UPDATE {held.kind.table} SET round = round + 1, update_time = {updated} WHERE id IN ({marks})"  # noqa: S608
        yield sql + " AND status = 'created' AND round = %s", [*outcomes.untouched, held.round], 0


def events(held: Held, rows: Sequence[tuple[Any, ...]]) -> Statement:
    """An INSERT of an event for each attempt that failed, unless its row was cancelled meanwhile."""
    quoted = connection.ops.quote_name
    columns = ", ".join(map(quoted, ("what", "by", "kind", "request_id", "subject", "count", "detail")))
    mark = f"{'ROW' if connection.vendor == 'mysql' else ''}(%s, %s)"
    sql = (
        f"INSERT INTO durable_event ({columns}) WITH v (v_id, v_error) AS (VALUES {', '.join([mark] * len(rows))}) "  # noqa: S608
        "SELECT %s, %s, %s, %s, t.id, t.attempts + 1, v.v_error "
        f"FROM v JOIN {quoted(held.kind.table)} t ON t.id = v.v_id WHERE t.status = 'created' AND t.round = %s"
    )
    values = [value for row in rows for value in (row[0], row[3])]
    return sql, [*values, ATTEMPT, held.worker, held.kind.name, held.message, held.round]


def joined(held: Held, sets: dict[str, str], rows: Sequence[tuple[Any, ...]], values: list[Any]) -> Statement:
    """An UPDATE of open rows of the claim's round by a table of values: id, microseconds, and what the sets name."""
    table, mysql = connection.ops.quote_name(held.kind.table), connection.vendor == "mysql"
    names = ", ".join(["v_id", "v_took", *(f"v_{place}" for place in range(len(rows[0]) - 2))])
    mark = f"{'ROW' if mysql else ''}({', '.join(['%s'] * len(rows[0]))})"
    changes = ", ".join(f"{connection.ops.quote_name(name)} = {value}" for name, value in sets.items())
    if mysql:
        target = f"UPDATE {table} t JOIN v ON v.v_id = t.id SET {changes} WHERE"  # noqa: S608
    else:
        target = f"UPDATE {table} AS t SET {changes} FROM v WHERE v.v_id = t.id AND"  # noqa: S608
    sql = f"WITH v ({names}) AS (VALUES {', '.join([mark] * len(rows))}) {target} t.status = 'created' AND t.round = %s"
    return sql, [*(value for row in rows for value in row), *values, held.round]


def moments() -> tuple[str, str, str]:
    """Now, so long before it as the row's work took, and when it is due, by the database's clock."""
    if connection.vendor == "mysql":
        return now(), f"{now()} - INTERVAL v.v_took MICROSECOND", f"{now()} + INTERVAL v.v_4 MICROSECOND"
    form = now().removesuffix(")")
    away = "PRINTF('%%+.6f seconds', {} / 1000000.0))"
    due = f"CASE WHEN v.v_4 IS NOT NULL THEN {form}, {away.format('v.v_4')} END"
    return now(), f"{form}, {away.format('-v.v_took')}", due
