"""Where results are kept: a Celery result backend on one SQLite file, which all processes of the machine share."""

import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from celery.backends.base import BaseBackend
from celery.states import PENDING, READY_STATES

ENDED = ", ".join(f"'{state}'" for state in sorted(READY_STATES))
SCHEMA = """
    PRAGMA journal_mode = WAL;
    CREATE TABLE IF NOT EXISTS result
        (id TEXT PRIMARY KEY, state TEXT NOT NULL, result TEXT, traceback TEXT, updated REAL NOT NULL) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS result_updated ON result (updated);
"""
# An outcome is written once: a late or second run of the same id finds no row to change.
WRITE = f"""
    INSERT INTO result (id, state, result, traceback, updated) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (id) DO UPDATE SET state = excluded.state, result = excluded.result,
        traceback = excluded.traceback, updated = excluded.updated WHERE state NOT IN ({ENDED})
"""  # noqa: S608 (the states are Celery's own)
READ = "SELECT state, result, traceback, updated FROM result WHERE id = ?"
PURGE = f"""
    DELETE FROM result WHERE id IN
        (SELECT id FROM result WHERE updated < ? AND state IN ({ENDED}) ORDER BY updated LIMIT 1000)
"""  # noqa: S608


class Store(BaseBackend):
    """Celery's own SQLAlchemy backend would do, but for one thing: there a second run overwrites an outcome."""

    app: Any

    def __init__(self, app: Any, url: str, **kwargs: Any) -> None:
        super().__init__(app, url=url, **kwargs)
        self.path = url.removeprefix("sqlite:///")
        with self.connect() as connection:
            connection.executescript(SCHEMA)

    @contextmanager
    def connect(self) -> Iterator[sqlite3.Connection]:
        """A connection per use: SQLite's must not be carried over a fork."""
        with closing(sqlite3.connect(self.path, timeout=3)) as connection, connection:
            yield connection

    def exception_safe_to_retry(self, exc: Exception) -> bool:
        """A locked file or a full disk; a worker then keeps its message and tries again (worker.py)."""
        return isinstance(exc, sqlite3.OperationalError)

    def _store_result(self, task_id: str, result: Any, state: str, traceback: Any = None, **kwargs: Any) -> None:
        with self.connect() as connection:
            connection.execute(WRITE, (task_id, state, json.dumps(result), traceback, time.time()))

    def _get_task_meta_for(self, task_id: str) -> dict[str, Any]:
        with self.connect() as connection:
            row = connection.execute(READ, (task_id,)).fetchone()
        if not row:
            return {"status": PENDING, "result": None}  # Celery's word for an id that it does not know
        state, result, traceback, updated = row
        meta = {"status": state, "result": json.loads(result), "traceback": traceback, "updated": updated}
        return dict(self.meta_from_decoded(meta))

    def _forget(self, task_id: str) -> None:
        with self.connect() as connection:
            connection.execute("DELETE FROM result WHERE id = ?", (task_id,))

    def cleanup(self) -> None:
        """Remove what ended longer ago than `result_expires`."""
        with self.connect() as connection:
            connection.execute(PURGE, (time.time() - self.app.conf.result_expires,))
