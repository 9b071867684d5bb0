"""What came of a claim, written once: the claim ends and its rows get their outcomes in one transaction.

The claim is locked first: only if it is still held do the rows change. (Under READ COMMITTED a condition on the claim
inside of their UPDATE would be read without a lock, so that would be no fence.)
On MySQL all of it is one round trip.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, transaction

from durable.claims import Held
from durable.models import Status
from durable.words import Sentence

Statement = tuple[str, list[Any]]
MINE = "WHERE worker = %s AND seq = %s AND ids IS NOT NULL"
MOST_ERROR = 255  # characters: the column's


@dataclass
class Outcomes:
    """What has been found out and not been written yet."""

    # id, microseconds that it took, the outputs
    results: list[tuple[Any, ...]] = field(default_factory=list)
    # id, microseconds, status, error, reason, rounds and attempts to add
    others: list[tuple[Any, ...]] = field(default_factory=list)
    # not begun: given back, and not counted
    untouched: list[int] = field(default_factory=list)

    def succeeded(self, identity: int, took: float, outputs: tuple[Any, ...]) -> None:
        """It has its outputs; `took` in seconds."""
        self.results.append((identity, int(took * 1e6), *outputs))

    def failed(self, identity: int, took: float, error: Sentence, again: bool = False) -> None:
        """It ended without, or is tried `again` in another round."""
        reason = json.dumps([error.template, error.values], default=str) if error.values else None
        status = Status.CREATED if again else Status.FAILED
        self.others.append((identity, int(took * 1e6), str(status), str(error)[:MOST_ERROR], reason, int(again), 1))

    def __bool__(self) -> bool:
        return bool(self.results or self.others or self.untouched)

    def again(self) -> list[int]:
        """What is to be published in the next round after a try."""
        return [row[0] for row in self.others if row[5]]


def write(held: Held, outcomes: Outcomes, last: bool = True) -> bool:
    """Write them under the claim, and end it with the `last`; False if it was no longer held: nothing is written.

    May be repeated after a lost answer: what was written is no longer open, and a claim that ended stays so.
    """
    statements = [fence(held, last), *changes(held, outcomes)]
    if connection.vendor == "mysql":
        return _one_round_trip(statements)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(*statements[0])
        if not cursor.rowcount:
            return False
        for statement in statements[1:]:
            cursor.execute(*statement)
    return True


def _one_round_trip(statements: list[Statement]) -> bool:
    """The fence is locked and tested first and changed last.

    If the client goes away meanwhile, MySQL does the rest all the same, but then ROW_COUNT() is -1: what was done
    before it must not decide.
    """
    (fence_sql, fence_values), *rest = statements
    texts = ["START TRANSACTION", f"SELECT COUNT(*) INTO @held FROM durable_claim {MINE} FOR UPDATE"]  # noqa: S608
    texts += [f"{sql} AND @held = 1" for sql, _ in rest] + [fence_sql, "COMMIT"]
    values = [*fence_values, *(value for _, values in rest for value in values), *fence_values]
    with connection.cursor() as cursor:
        try:
            cursor.execute("; ".join(texts), values)
            counts = [cursor.rowcount]
            while cursor.nextset():
                counts.append(cursor.rowcount)
        except BaseException:
            connection.close()  # in the middle of a transaction that Django knows nothing of
            raise
    return bool(counts[-2] == 1)


def fence(held: Held, last: bool) -> Statement:
    """Locks the claim for this transaction; its count tells whether it is held."""
    change = "ids = NULL" if last else "seq = seq"
    return f"UPDATE durable_claim SET {change} {MINE}", [held.worker, held.seq]  # noqa: S608


def changes(held: Held, outcomes: Outcomes) -> Iterator[Statement]:
    """The updates of the rows."""
    now, began = moments()
    common = {"attempts": "attempts + 1", "worker": "%s", "start_time": began, "update_time": now}
    if outcomes.results:
        columns = (held.kind.fields[name].column for name in held.kind.outputs)
        outputs = {str(column): f"v.v_{place}" for place, column in enumerate(columns)}
        sets = {"status": f"'{Status.SUCCESS}'", **outputs, "error": "''", "reason": "NULL", **common}
        yield joined(held, sets, outcomes.results, [held.worker])
    if outcomes.others:
        ended = f"CASE WHEN v.v_0 = '{Status.FAILED}' THEN"
        sets = {
            "status": "v.v_0", "error": "v.v_1", "reason": "v.v_2", "round": "round + v.v_3",
            "attempts": "attempts + v.v_4", "worker": "%s", "start_time": f"{ended} {began} END", "update_time": now,
        }  # fmt: skip
        yield joined(held, sets, outcomes.others, [held.worker])
    if outcomes.untouched:
        marks = ", ".join(["%s"] * len(outcomes.untouched))
        sql = f"UPDATE {held.kind.table} SET round = round + 1, update_time = {now} WHERE id IN ({marks})"  # noqa: S608
        yield sql + " AND status = 'created' AND round = %s", [*outcomes.untouched, held.round]


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


def moments() -> tuple[str, str]:
    """Now, and so long before it as the row's work took, by the database's clock."""
    if connection.vendor == "mysql":
        return "NOW(6)", "NOW(6) - INTERVAL v.v_took MICROSECOND"
    form = "STRFTIME('%%Y-%%m-%%d %%H:%%M:%%f', 'NOW'"
    return f"{form})", f"{form}, PRINTF('-%%.6f seconds', v.v_took / 1000000.0))"
