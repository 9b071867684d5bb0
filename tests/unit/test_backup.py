"""A backup of the embedded database: of one moment, whole, and only ever restored into an empty one."""

import gzip
import io
import json
import shutil
import sqlite3
import tarfile
import tomllib
from contextlib import closing
from pathlib import Path

import pytest
from commands import manage
from pytest_django import Settings

from durable import __version__
from durable.embedded import backup
from durable.embedded.backup import Refused
from support.stack import ROOT

NAME = "abacus.sqlite3"
MADE = [(1, "success"), (2, "created"), (3, "scheduled")]


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database that was started once."""
    folder = tmp_path_factory.mktemp("started")
    assert manage("migrate", "--verbosity", "0", data=folder).returncode == 0
    with closing(sqlite3.connect(folder / NAME)) as used:
        used.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return folder / NAME


@pytest.fixture
def used(started: Path, tmp_path: Path) -> Path:
    """One with tasks, a worker and what it holds."""
    path = tmp_path / NAME
    shutil.copyfile(started, path)
    with closing(sqlite3.connect(path)) as database:
        for identity, status in MADE:
            database.execute(
                "INSERT INTO math_task (id, x, task_type, y, result, status, error, attempts, worker, queue)"
                " VALUES (?, '1', 'add', '2', '', ?, '', 0, '', 'tasks')",
                [identity, status],
            )
        claim = "(worker, seq, kind, round, first, last, ids) VALUES ('w/1', 1, '', 0, 2, 2, '')"
        database.execute(f"INSERT INTO durable_claim {claim}")
        database.execute("INSERT INTO durable_worker (name, pids, consuming) VALUES ('w', '[1]', 1)")
        database.commit()
    return path


def made(database: Path) -> Path:
    """A backup in a file."""
    path = database.with_name("b.tar")
    with path.open("wb") as file:
        backup.make(database, file)
    return path


def tasks(path: Path) -> list[tuple[int, str]]:
    """Its tasks."""
    with closing(sqlite3.connect(path)) as used:
        return used.execute("SELECT id, status FROM math_task ORDER BY id").fetchall()


def test_what_was_backed_up_is_restored_and_nobody_holds_anything(used: Path, tmp_path: Path) -> None:
    new = tmp_path / "new" / "one" / NAME
    manifest = backup.restore(made(used), new)
    assert tasks(new) == MADE
    assert manifest["rows"]["math_task"] == 3
    assert manifest["version"] == __version__
    with closing(sqlite3.connect(new)) as restored:
        for table in backup.VOLATILE:
            assert restored.execute(f"SELECT COUNT(*) FROM {table}").fetchone() == (0,)
    assert new.stat().st_mode & 0o777 == 0o600
    assert manage("migrate", "--check", data=new.parent).returncode == 0


def test_it_is_of_one_moment_while_others_write(used: Path) -> None:
    other = sqlite3.connect(used, isolation_level=None, timeout=0)
    other.execute("BEGIN IMMEDIATE")
    other.execute("UPDATE math_task SET status = 'failed'")  # somebody is in the middle of it
    out = io.BytesIO()
    manifest = backup.make(used, out)
    other.execute("COMMIT")
    other.close()
    with tarfile.open(fileobj=io.BytesIO(out.getvalue())) as tar:
        packed = tar.extractfile(backup.DATABASE)
        assert packed
        (used.parent / "copy").write_bytes(gzip.decompress(packed.read()))
    assert tasks(used.parent / "copy") == MADE
    assert manifest["rows"]["math_task"] == 3


def test_the_manifest_is_the_first_and_read_without_us(used: Path) -> None:
    with tarfile.open(made(used)) as tar:
        assert tar.getnames() == ["manifest.json", "database.sqlite3.gz"]
        note = tar.extractfile("manifest.json")
        assert note
        manifest = json.load(note)
    assert set(manifest) == {"made", "version", "database", "migrations", "rows", "sha256"}
    assert manifest["migrations"]["durable"] >= "0008"


def test_a_full_database_is_refused_and_stays(used: Path) -> None:
    file = made(used)
    with closing(sqlite3.connect(used)) as database:
        database.execute("DELETE FROM durable_worker")
        database.execute("DELETE FROM math_task WHERE id > 1")
        database.commit()
    with pytest.raises(Refused, match=r"is not empty \(math_task 1\): set DATA_DIR to a new folder"):
        backup.restore(file, used)
    assert tasks(used) == MADE[:1]


def test_one_that_somebody_uses_is_refused(used: Path) -> None:
    with pytest.raises(Refused, match="stop it first"):
        backup.restore(made(used), used)


def test_one_that_was_only_ever_started_counts_as_empty(used: Path, started: Path) -> None:
    fresh = used.with_name("fresh.sqlite3")
    shutil.copyfile(started, fresh)
    backup.restore(made(used), fresh)
    assert tasks(fresh) == MADE


@pytest.mark.parametrize("damage", ["cut", "changed", "another file"])
def test_a_damaged_one_is_refused_before_anything_changes(used: Path, tmp_path: Path, damage: str) -> None:
    file, new = made(used), tmp_path / "new" / NAME
    whole = file.read_bytes()
    middle = len(whole) // 2
    changed = whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :]
    file.write_bytes({"cut": whole[:middle], "changed": changed, "another file": b"x" * 2_000}[damage])
    with pytest.raises(Refused, match=r"is no whole backup|is damaged"):
        backup.restore(file, new)
    assert not new.exists()


def test_one_of_a_later_version_is_refused(used: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(used)) as database:
        later = "('durable', '9999_later', '2030-01-01')"
        database.execute(f"INSERT INTO django_migrations (app, name, applied) VALUES {later}")
        database.commit()
    with pytest.raises(Refused, match="does not know durable 9999_later: take the version that made it"):
        backup.restore(made(used), tmp_path / "new" / NAME)


def test_mysql_is_not_backed_up_from_here(settings: Settings) -> None:
    settings.EMBEDDED = False
    with pytest.raises(Refused, match="where its container runs"):
        backup.database()


def test_the_commands_write_a_file_once_and_restore_it(used: Path, tmp_path: Path) -> None:
    file, fresh = tmp_path / "c.tar", tmp_path / "fresh"
    done = manage("backup", str(file), data=used.parent)
    assert (done.returncode, "rows of" in done.stderr) == (0, True), done.stderr
    assert file.stat().st_mode & 0o777 == 0o600
    again = manage("backup", str(file), data=used.parent)
    assert (again.returncode, "is there already" in again.stderr) == (1, True)
    restored = manage("restore", str(file), data=fresh)
    assert restored.returncode == 0, restored.stderr
    assert tasks(fresh / NAME) == MADE
    assert manage("restore", str(tmp_path / "nothing"), data=fresh).returncode == 1
    assert [path.name for path in tmp_path.glob("*.part")] == []


def test_the_version_is_the_packages() -> None:
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"] == __version__
