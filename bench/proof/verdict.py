"""What was promised, and what is in the rows."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.proof.clients import ROWS
from bench.proof.nemesis import Round
from support.stack import Stack

# Each outcome that is written leaves a row here, whoever writes it: the only witness of one that is written twice.
WITNESS = """
CREATE TABLE proof_ended (task BIGINT NOT NULL, moment DATETIME(6) NOT NULL, KEY (task));
CREATE TRIGGER proof_ended AFTER UPDATE ON math_task FOR EACH ROW
INSERT INTO proof_ended SELECT NEW.id, NOW(6) FROM DUAL WHERE NEW.status IN ('success', 'failed', 'cancelled')
"""
ENDED = "status IN ('success', 'failed', 'cancelled')"
AFTERMATH = 2.0  # seconds: one web container says that all is well, the other one has yet to see it
HTTP = {"mysql": "MySQL", "haproxy": "HAProxy"}


@dataclass(frozen=True)
class Verdict:
    """The numbers."""

    accepted: int
    lost: int
    doubled: int
    wrong: int
    unknown: int  # rows that no client was told of: the answer to their creation was lost
    failures: Counter[tuple[str, str, str]]  # request, failure, what was away
    recoveries: list[list[float]]  # per round: seconds from its end to the outcome of each single task that it held up

    @property
    def held(self) -> bool:
        """Whether the promises were."""
        return not (self.lost or self.doubled or self.wrong)


def ledger(path: Path) -> list[dict[str, Any]]:
    """All lines that are whole."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def witness(stack: Stack) -> None:
    """Have MySQL note each outcome."""
    as_root(stack, WITNESS)


def as_root(stack: Stack, sql: str) -> None:
    """Statements that the app's user may not send."""
    command = 'MYSQL_PWD=$(cat /run/secrets/mysql_root_password) mysql -uroot "$MYSQL_DATABASE" -e "$0"'
    stack.compose("exec", "-T", "mysql", "sh", "-c", command, sql)


def away(rounds: Iterable[Round], at: float, took: float) -> str:
    """What of the two whose absence is told to clients was away while a request was under way; else what else was."""
    meanwhile = [each for each in rounds if each.began <= at + took and at <= each.well + AFTERMATH]
    hit = {part for each in meanwhile for part in each.parts}
    late = all(at > each.well for each in meanwhile)
    others = f"neither, but {', '.join(sorted(hit))}" if hit else "nothing"
    told = " and ".join(name for part, name in HTTP.items() if part in hit) or others
    return f"{told}, which had just come back" if hit and late else told


def judge(stack: Stack, lines: list[dict[str, Any]], rounds: list[Round]) -> Verdict:
    """Compare."""
    singles = {line["id"]: line["result"] for line in lines if line["what"] == "single" and "id" in line}
    batches = {line["id"] for line in lines if line["what"] == "batch" and "id" in line}
    counts = [of_singles(stack, singles), of_batches(stack, batches)]
    [[doubled]] = stack.sql("SELECT COUNT(*) FROM (SELECT task FROM proof_ended GROUP BY task HAVING COUNT(*) > 1) d")
    [[rows]] = stack.sql("SELECT COUNT(*) FROM math_task")
    accepted = len(singles) + ROWS * len(batches)
    failed = [line for line in lines if line["failure"]]
    return Verdict(
        accepted=accepted,
        lost=sum(lost for lost, _ in counts),
        doubled=int(doubled),
        wrong=sum(wrong for _, wrong in counts),
        unknown=int(rows) - accepted,
        failures=Counter((line["what"], line["failure"], away(rounds, line["at"], line["took"])) for line in failed),
        recoveries=recoveries(stack, rounds),
    )


def of_singles(stack: Stack, promised: dict[int, str]) -> tuple[int, int]:
    """How many are lost, and how many have a wrong end."""
    found = stack.sql(f"SELECT id, {ENDED}, status, result FROM math_task WHERE batch_id IS NULL")
    rows = {int(identity): (ended == "1", [status, result]) for identity, ended, status, result in found}
    lost = sum(not rows.get(identity, (False, []))[0] for identity in promised)
    wrong = sum(identity in rows and rows[identity][1] != ["success", told] for identity, told in promised.items())
    return lost, wrong


def of_batches(stack: Stack, promised: set[int]) -> tuple[int, int]:
    """The same of their rows; more rows than were sent are wrong, too."""
    right = "status = 'success' AND result = x * 3"
    found = stack.sql(
        f"SELECT batch_id, COUNT(*), SUM({ENDED}), SUM({right}) FROM math_task"
        " WHERE batch_id IS NOT NULL GROUP BY batch_id"
    )
    rows = {int(batch): (int(all_rows), int(ended), int(well)) for batch, all_rows, ended, well in found}
    lost = sum(ROWS - rows.get(batch, (0, 0, 0))[1] for batch in promised)
    wrong = sum(
        ended - well + max(0, count - ROWS) for batch, (count, ended, well) in rows.items() if batch in promised
    )
    return lost, wrong


def recoveries(stack: Stack, rounds: list[Round]) -> list[list[float]]:
    """Of single tasks that were there when a round was over, and had not ended."""
    found = stack.sql(
        "SELECT UNIX_TIMESTAMP(create_time), UNIX_TIMESTAMP(moment) FROM math_task JOIN proof_ended ON task = id"
        " WHERE batch_id IS NULL"
    )
    times = [(float(made), float(ended)) for made, ended in found]
    return [[ended - each.over for made, ended in times if made < each.over < ended] for each in rounds]
