"""The work without a queue: two processes that claim with SKIP LOCKED, compute, and write a thousand rows at once.

python -m bench.probes.limit ROWS
"""

import json
import multiprocessing
import sys
import time
from typing import Any

from arithmetic.operations import apply
from bench.probes.mysql import connect

PROCESSES, BATCH = 2, 1_000
TABLE = """
CREATE TABLE no_queue (
  id BIGINT AUTO_INCREMENT PRIMARY KEY, x VARCHAR(48) NOT NULL, task_type VARCHAR(32) NOT NULL, y VARCHAR(48) NOT NULL,
  status VARCHAR(16) NOT NULL, result VARCHAR(48) NOT NULL, KEY (status))
"""
SELECT = "SELECT id, task_type, x, y FROM no_queue WHERE status = 'created' LIMIT %s FOR UPDATE SKIP LOCKED"
OPERATIONS = ("add", "minus", "multiply", "divide")


def fill(rows: int) -> None:
    """A new table with so many rows: the operations in turn, as in the batch that is uploaded."""
    cursor = connect("reference").cursor()
    cursor.execute("DROP TABLE IF EXISTS no_queue")
    cursor.execute(TABLE)
    insert = "INSERT INTO no_queue (x, task_type, y, status, result) VALUES (%s, %s, %s, %s, %s)"
    cursor.executemany(insert, [(str(n), OPERATIONS[n % 4], "7", "created", "") for n in range(rows)])


def drain(start: Any) -> None:
    """Work until nothing is left."""
    connection = connect("reference", autocommit=False)
    cursor = connection.cursor()
    start.wait()
    while cursor.execute(SELECT, (BATCH,)):
        results = [(identity, apply(name, x, y)) for identity, name, x, y in cursor.fetchall()]
        rows = ", ".join(["ROW(%s, %s)"] * len(results))
        cursor.execute(
            f"UPDATE no_queue AS task JOIN (VALUES {rows}) AS done (id, result) ON task.id = done.id "
            "SET task.result = done.result, task.status = 'success'",
            [value for pair in results for value in pair],
        )
        connection.commit()
    connection.commit()


def main(rows: int) -> None:
    """Prints rows per second."""
    fill(rows)
    start = multiprocessing.Barrier(PROCESSES + 1)
    processes = [multiprocessing.Process(target=drain, args=(start,)) for _ in range(PROCESSES)]
    for process in processes:
        process.start()
    start.wait()
    started = time.perf_counter()
    for process in processes:
        process.join()
    took = time.perf_counter() - started
    cursor = connect("reference").cursor()
    cursor.execute("SELECT COUNT(*) FROM no_queue WHERE status = 'success' AND result <> ''")
    (done,) = cursor.fetchone()
    if done != rows:
        raise SystemExit(f"{done} of {rows} rows are success")
    print(json.dumps(rows / took))


if __name__ == "__main__":
    main(int(sys.argv[1]))
