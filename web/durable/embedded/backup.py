"""A backup of the embedded database: a tar of manifest.json and the compressed database.

backup.sh makes the same of the Compose stack's MySQL.
"""

import gzip
import hashlib
import json
import shutil
import sqlite3
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from django.conf import settings
from django.db.migrations.loader import MigrationLoader

from durable import __version__

MANIFEST, DATABASE = "manifest.json", "database.sqlite3.gz"
# Who works on what: of no use in another life. What they held waits, and the sweep publishes it.
VOLATILE = ("durable_claim", "durable_worker", "durable_lease")
# What a database has that nobody has used yet.
ITS_OWN = (*VOLATILE, "durable_counter", "durable_total", "durable_tally", "auth_permission", "auth_group")
ALIVE = "SELECT 1 FROM durable_worker WHERE beat_time > DATETIME('now', '-8 seconds')"


class Refused(Exception):
    """It cannot be done, in a sentence that says what to do."""


def database() -> Path:
    """The embedded one."""
    if not settings.EMBEDDED:
        raise Refused("The database is MySQL: run ./run.sh backup (or restore) where its container runs.")
    return Path(settings.DATABASES["default"]["NAME"])


def make(source: Path, target: BinaryIO) -> dict[str, Any]:
    """Write a backup of a database as it is at one moment, while others use it; its manifest."""
    if not source.exists():
        raise Refused(f"There is no database at {source}: set DATA_DIR to the folder that ./run.sh uses.")
    with tempfile.TemporaryDirectory() as folder:
        copied, packed = Path(folder) / "copy", Path(folder) / DATABASE
        with closing(sqlite3.connect(source)) as used, closing(sqlite3.connect(copied)) as copy:
            used.backup(copy)  # in one step: a snapshot, which hinders nobody
            found = {"rows": rows(copy), "migrations": migrations(copy)}
        with copied.open("rb") as file, gzip.open(packed, "wb", compresslevel=6) as compressed:
            shutil.copyfileobj(file, compressed)
        made = datetime.now(UTC).isoformat(timespec="seconds")
        manifest = {"made": made, "version": __version__, "database": "sqlite", **found, "sha256": checksum(packed)}
        note = Path(folder) / MANIFEST
        note.write_text(json.dumps(manifest, indent=1))
        with tarfile.open(fileobj=target, mode="w|") as tar:
            for path in (note, packed):  # the manifest first: it is read without the rest
                tar.add(path, path.name)
    return manifest


def restore(source: Path, target: Path) -> dict[str, Any]:
    """Put a backup in the place of an empty database; its manifest."""
    require_unused(target)
    with unpacked(source) as (manifest, copy):
        require_fitting(manifest)
        with closing(sqlite3.connect(copy)) as restored:
            require_whole(restored, manifest)
            for table in VOLATILE:
                restored.execute(f"DELETE FROM {table}")  # noqa: S608
            restored.commit()
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        for ending in ("-wal", "-shm"):
            target.with_name(target.name + ending).unlink(missing_ok=True)
        shutil.copyfile(copy, beside := target.with_name(target.name + ".restored"))
        beside.chmod(0o600)
        beside.replace(target)
    return manifest


def require_unused(path: Path) -> None:
    """Refused where somebody uses the database, or where it holds what a restore would destroy."""
    if not path.exists():
        return
    with closing(sqlite3.connect(path)) as used:
        found = rows(used)
        if "durable_worker" in found and used.execute(ALIVE).fetchone():
            raise Refused("./run.sh runs on this database: stop it first.")
    own = {table: number for table, number in found.items() if number and not table.startswith(("django_", *ITS_OWN))}
    if own:
        held = ", ".join(f"{table} {number:,}" for table, number in own.items())
        raise Refused(f"{path} is not empty ({held}): set DATA_DIR to a new folder, or move that file away.")


@contextmanager
def unpacked(source: Path) -> Iterator[tuple[dict[str, Any], Path]]:
    """The manifest, and the database as a file; Refused where it is damaged."""
    with tempfile.TemporaryDirectory() as folder:
        packed, copy = Path(folder) / DATABASE, Path(folder) / "copy"
        try:
            with tarfile.open(source) as tar:
                tar.extractall(folder, members=[tar.getmember(name) for name in (MANIFEST, DATABASE)], filter="data")
            manifest = json.loads((Path(folder) / MANIFEST).read_text())
        except (tarfile.TarError, KeyError, EOFError, ValueError) as error:
            raise Refused(f"{source} is no whole backup of the embedded database: {error}") from None
        if checksum(packed) != manifest["sha256"]:
            raise Refused(
                f"{source} is damaged: its checksum is not the one that its manifest names. Take another one."
            )
        with gzip.open(packed) as compressed, copy.open("wb") as file:
            shutil.copyfileobj(compressed, file)
        yield manifest, copy


def require_fitting(manifest: Mapping[str, Any]) -> None:
    """Refused where it was made by a later version than this one."""
    known = set(MigrationLoader(None, ignore_no_migrations=True).disk_migrations)
    unknown = sorted(f"{app} {name}" for app, name in manifest["migrations"].items() if (app, name) not in known)
    if unknown:
        later = f"It was made by version {manifest['version']}, and this is {__version__}"
        raise Refused(
            f"{later}, which does not know {', '.join(unknown)}: take the version that made it, or a later one."
        )


def require_whole(copy: sqlite3.Connection, manifest: Mapping[str, Any]) -> None:
    """Refused where rows are missing."""
    [[sound]] = copy.execute("PRAGMA integrity_check").fetchall()
    if sound != "ok" or rows(copy) != manifest["rows"]:
        raise Refused("The database in it is not the one that its manifest tells of: take another backup.")


def rows(used: sqlite3.Connection) -> dict[str, int]:
    """How many each table has."""
    names = used.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
    )
    return {name: used.execute(f'SELECT COUNT(*) FROM "{name}"').fetchone()[0] for (name,) in names.fetchall()}  # noqa: S608


def migrations(used: sqlite3.Connection) -> dict[str, str]:
    """The last one of each app: the version of its tables."""
    return dict(used.execute("SELECT app, MAX(name) FROM django_migrations GROUP BY app").fetchall())


def checksum(path: Path) -> str:
    """SHA-256, as sha256sum tells it."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
