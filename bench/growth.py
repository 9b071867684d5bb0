"""What a table's size costs: the same calls at a thousand, a hundred thousand, a million rows. python -m bench.growth

Each size is a database of its own in the stack's MySQL; nothing else runs meanwhile. Writes results/growth.md and
docs/growth.svg. --rows 10000000 goes on to ten million (some minutes more to fill, about 5 GB of disk).
"""

import argparse
import json
import statistics
import sys
from pathlib import Path
from typing import Any

from bench import markdown, plot
from support.stack import ROOT, Stack
from support.waiting import wait_for

SIZES = (1_000, 100_000, 1_000_000)
CHUNK = 100_000
INSIDE = Path(__file__).with_name("growth_inside.py")
BAR = 1.2  # at the largest size each costs at most so many times what it costs at the smallest
DRAWN = (
    "page",
    "list",
    "list, deep",
    "create, API",
    "claim and finish 500",
    "sweep",
    "purge of 500",
    "counts, bounded",
)
# Twenty days of tasks: 7 of 8 succeeded, the first 200 of every thousand came in a batch.
FILL = """
USE rows_{rows};
SET SESSION cte_max_recursion_depth = 1000000;
INSERT INTO math_task (id, batch_id, queue, task_type, x, y, result, status, error, attempts, worker,
                       create_time, start_time, update_time)
WITH RECURSIVE number (i) AS (SELECT {first} UNION ALL SELECT i + 1 FROM number WHERE i < {last}),
task AS (
  SELECT i, CRC32(i) AS dice, NOW(6) - INTERVAL 1 HOUR - INTERVAL ({rows} - i) * {step} MICROSECOND AS made FROM number
)
SELECT i, IF(i % 1000 < 200, i DIV 1000 + 1, NULL), IF(i % 1000 < 200, 'batches', 'tasks'),
  ELT(1 + dice DIV 16 % 4, 'add', 'minus', 'multiply', 'divide'), dice, dice % 997,
  IF(dice % 16 IN (0, 8), '', dice * 2), CASE dice % 16 WHEN 0 THEN 'failed' WHEN 8 THEN 'cancelled' ELSE 'success' END,
  IF(dice % 16 = 0, 'Division by zero has no result.', ''), 1, CONCAT('0123456789ab-cd', dice % 2, '/', 12 + dice % 2),
  made, made + INTERVAL 0.02 SECOND, made + INTERVAL 0.03 SECOND
FROM task;
"""
FILLED = """
USE rows_{rows};
INSERT INTO durable_batch (id, kind, total, fingerprint)
  SELECT batch_id, 'mathtask', COUNT(*), '' FROM math_task WHERE batch_id > 0 GROUP BY batch_id;
ANALYZE TABLE math_task, durable_batch;
"""
AS_ROOT = 'MYSQL_PWD=$(cat /run/secrets/mysql_root_password) mysql -uroot -e "$0"'


def fill(stack: Stack, rows: int) -> None:
    """A database of so many tasks."""
    allow = f"CREATE DATABASE rows_{rows}; GRANT ALL ON rows_{rows}.* TO abacus"
    stack.compose("exec", "-T", "mysql", "sh", "-c", AS_ROOT, allow)
    stack.compose("exec", "-T", "-e", f"MYSQL_DATABASE=rows_{rows}", "web", "/app/run.sh", "migrate")
    step = 20 * 24 * 3600 * 1_000_000 // rows
    for first in range(1, rows + 1, CHUNK):
        stack.sql(FILL.format(rows=rows, first=first, last=min(first + CHUNK - 1, rows), step=step))
    stack.sql(FILLED.format(rows=rows))


def written(stack: Stack) -> bool:
    """Whether what was filled in is on the disk, so that writing it disturbs no measurement."""
    dirty = stack.sql("SHOW GLOBAL STATUS LIKE 'Innodb_buffer_pool_pages_dirty'")
    return int(dirty[0][1]) < 1000


def megabytes(stack: Stack, rows: int) -> str:
    """The size of the tasks with their indexes."""
    ask = "SELECT SUM(data_length + index_length) / 1048576 FROM information_schema.tables WHERE table_schema = "
    size = stack.sql(f"{ask} 'rows_{rows}' AND table_name = 'math_task'")[0][0]
    return f"{float(size):,.1f} MB"


def measure(sizes: list[int], rounds: int) -> tuple[dict[str, Any], str]:
    """Times and plans, and where they come from."""
    with Stack("bench-growth", APP_IMAGE="abacus-bench-growth") as stack:
        for size in sizes:
            print(f"filling {size:,} rows", file=sys.stderr)
            fill(stack, size)
        stack.compose("stop", "celery", "haproxy")
        wait_for(lambda: written(stack), 120, "MySQL has written what was filled in", every=1)
        print("measuring", file=sys.stderr)
        source = "import django\ndjango.setup()\n" + INSIDE.read_text(encoding="utf-8")
        settings = ("-w", "/app/web", "-e", "DJANGO_SETTINGS_MODULE=config.settings")
        arguments = map(str, [rounds, *sizes])
        out = stack.compose("exec", "-T", *settings, "web", "python", "-c", source, *arguments)
        room = f"The tables take {', '.join(megabytes(stack, size) for size in sizes)}."
        return json.loads(out.splitlines()[-1]), f"{markdown.about(stack)} {room}"


def ratios(times: dict[str, list[float]]) -> list[float]:
    """The largest size against the smallest, round by round."""
    first, *_, last = times.values()
    return [b / a for a, b in zip(first, last, strict=True)]


def line(name: str, times: dict[str, list[float]], plans: list[str]) -> list[str]:
    """A row of the table."""
    found, ratio = ratios(times), statistics.median(ratios(times))
    cells = [f"{statistics.median(rounds):.2f}" for rounds in times.values()]
    spread = f"{ratio:.2f} ({min(found):.2f}-{max(found):.2f})"
    return [name, *cells, spread, "holds" if ratio <= BAR else "MISSED", "; ".join(plans)]


def main(argv: list[str]) -> int:
    """Measure, write the table and the plot."""
    parser = argparse.ArgumentParser(prog="bench.growth", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=SIZES[-1], help="the largest size")
    parser.add_argument("--rounds", type=int, default=9)
    chosen = parser.parse_args(argv)
    sizes = sorted({size for size in SIZES if size < chosen.rows} | {chosen.rows})
    found, about = measure(sizes, chosen.rounds)
    times, plans = found["times"], found["plans"]
    head = ["what", *(f"{size:,}" for size in sizes), "ratio", " bar", " how MySQL does it"]
    words = (
        f"Milliseconds: the median of {chosen.rounds} rounds, each with the sizes in turn. Ratio: {sizes[-1]:,} rows "
        f"against {sizes[0]:,}, round by round: median (least-most); the bar is {BAR}. Requests go through all of "
        "Django, not through uWSGI and HAProxy; workers are stopped."
    )
    rows = [line(name, times[name], plans[name]) for name in times]
    markdown.write("growth.md", "# Growth: what a table's size costs", about, words, markdown.table(head, rows), NOTES)
    series = {
        name: [(float(size), statistics.median(rounds)) for size, rounds in times[name].items()] for name in DRAWN
    }
    drawing = plot.lines("Cost by the number of tasks", "tasks in the table", "milliseconds", series)
    (ROOT / "docs" / "growth.svg").write_text(drawing, encoding="utf-8")
    return 0


NOTES = """
Notes. *deep* is a page at a random place; at a million rows the table with its indexes is larger than the 256 MB that
MySQL keeps in memory by default. Two lines grow by design, up to a bound: *status and operation*, for which no index
exists, looks through at most 2,000 rows, and *counts* (once a second for everybody) counts at most 100,000 of a state.
`range`, `ref` and `const` are walks along one index; `index` walks it in order and ends at the LIMIT.
"""

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
