"""./run.sh backup of a Compose stack under load, and ./run.sh restore into another one."""

import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.http import ask
from support.needs import need
from support.stack import Stack, docker_missing
from support.waiting import wait_for

BATCH = b"x,task_type,y\n" + b"1,add,2\n" * 3_000
CONTENT = "SELECT id, x, task_type, y, batch_id, create_time FROM math_task ORDER BY id"


@pytest.fixture(scope="module")
def old() -> Iterator[Stack]:
    """A stack whose tasks take their time."""
    need(docker_missing())
    with Stack("abacus-test-backup-old", TASK_SECONDS="0.01") as running:
        yield running


@pytest.fixture
def new() -> Iterator[Stack]:
    """A project that nobody has started."""
    other = Stack("abacus-test-backup-new")
    other.down()
    yield other
    other.down()


def manifest(path: Path) -> dict[str, Any]:
    """What a backup tells of itself."""
    with tarfile.open(path) as tar:
        note = tar.extractfile("manifest.json")
        assert note
        found: dict[str, Any] = json.load(note)
    return found


def ended(stack: Stack) -> int:
    """How many tasks have."""
    return int(stack.sql("SELECT COUNT(*) FROM math_task WHERE status = 'success'")[0][0])


def test_a_backup_under_load_goes_on_in_another_stack(old: Stack, new: Stack, tmp_path: Path) -> None:
    answer = ask("POST", f"{old.url}/api/batches", BATCH, {"Content-Type": "text/csv"}, timeout=60)
    assert answer.status == 201, answer
    wait_for(lambda: ended(old), 60, "some have ended")
    file = tmp_path / "b.tar"
    done = old.run_sh("backup", str(file))
    assert done.returncode == 0, done.stderr
    assert ended(old) < 3_000
    told = manifest(file)
    assert (told["database"], told["rows"]["math_task"]) == ("mysql", 3_000)
    assert file.stat().st_mode & 0o777 == 0o600

    full = old.run_sh("restore", str(file))
    assert (full.returncode, "math_task 3000" in full.stderr) == (1, True), full.stderr

    restored = new.run_sh("restore", str(file))
    assert restored.returncode == 0, restored.stderr
    wait_for(new.healthy, 90, "the new stack is well")
    assert new.sql(CONTENT) == old.sql(CONTENT)
    wait_for(lambda: ended(new) == 3_000, 120, "what had not ended has")
    assert new.sql("SELECT DISTINCT attempts FROM math_task") == [["1"]]


def test_a_damaged_backup_is_refused_before_anything_changes(old: Stack, new: Stack, tmp_path: Path) -> None:
    file = tmp_path / "b.tar"
    assert old.run_sh("backup", str(file)).returncode == 0
    whole = bytearray(file.read_bytes())
    whole[len(whole) // 2] ^= 1
    file.write_bytes(whole)
    refused = new.run_sh("restore", str(file))
    assert (refused.returncode, "is damaged" in refused.stderr) == (1, True), refused.stderr
    assert new.containers("mysql") == []
