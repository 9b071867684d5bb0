"""./run.sh backup while tasks run, and ./run.sh restore elsewhere: what had not ended runs there, once."""

import io
import sqlite3
import subprocess
import tarfile
from contextlib import closing
from functools import partial
from pathlib import Path

from support.embedded import Embedded
from support.http import ask
from support.waiting import wait_for

ROWS, SLOW = 400, "0.05"
BATCH = b"x,task_type,y\n" + b"1,add,2\n" * ROWS


def run_sh(site: Embedded, *arguments: str) -> "subprocess.CompletedProcess[bytes]":
    """A role, with that site's folder."""
    return subprocess.run(["./run.sh", *arguments], cwd=site.folder, env=site.env, capture_output=True, timeout=120)


def counts(site: Embedded) -> dict[str, int]:
    """Its tasks by state."""
    answer = ask("GET", f"{site.url}/api/stats", headers={"Cache-Control": "no-cache"})
    found: dict[str, int] = answer.json()["counts"]
    return found


def some_have_ended(site: Embedded) -> bool:
    """Whether it is in the middle of its work."""
    return 0 < counts(site)["success"] < ROWS


def test_a_backup_under_load_goes_on_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    with Embedded(tmp_path / "old", TASK_SECONDS=SLOW) as old:
        answer = ask("POST", f"{old.url}/api/batches", BATCH, {"Content-Type": "text/csv"})
        assert answer.status == 201, answer
        wait_for(partial(some_have_ended, old), 60, "some have ended")
        done = run_sh(old, "backup", str(tmp_path / "b.tar"))
        assert done.returncode == 0, done.stderr
        assert some_have_ended(old)  # nobody waited for it
        piped = run_sh(old, "backup", "-")
        with tarfile.open(fileobj=io.BytesIO(piped.stdout)) as tar:
            assert (piped.returncode, tar.getnames()[0]) == (0, "manifest.json")
        refused = run_sh(old, "restore", str(tmp_path / "b.tar"))
        assert (refused.returncode, b"stop it first" in refused.stderr) == (1, True)
    new = Embedded(tmp_path / "new", TASK_SECONDS=SLOW)
    restored = run_sh(new, "restore", str(tmp_path / "b.tar"))
    assert restored.returncode == 0, restored.stderr
    with new:
        assert sum(counts(new).values()) == ROWS
        wait_for(lambda: counts(new)["success"] == ROWS, 120, "what had not ended has")
    with closing(sqlite3.connect(tmp_path / "new" / "abacus.sqlite3")) as database:
        tried = database.execute("SELECT attempts, COUNT(*) FROM math_task GROUP BY attempts").fetchall()
    assert tried == [(1, ROWS)]
