"""Run the migrations once, however many containers start together."""

import fcntl
import hashlib
import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.core.management import CommandError, call_command
from django.core.management.base import BaseCommand, CommandParser
from django.db import OperationalError, connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.executor import MigrationExecutor

from durable.first_admin import make_first_admin

logger = logging.getLogger(__name__)
# Present from the first statement to the last of a database's very first migration.
MARKER = "migration_in_progress"


class Command(BaseCommand):
    help = "Waits for the database, then migrates under a lock; quick when there is nothing to do."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """How long to wait, in seconds."""
        parser.add_argument("--wait", type=float, default=120, help="seconds to wait for the database")
        parser.add_argument("--lock-wait", type=int, default=600, help="seconds to wait for another migration")

    def handle(self, *args: Any, wait: float, lock_wait: int, **options: Any) -> None:
        """Wait, look, lock, migrate; then see to the first admin."""
        wait_for_database(wait)
        self.migrate(lock_wait)
        make_first_admin()

    def migrate(self, lock_wait: int) -> None:
        """Look, lock, migrate."""
        if up_to_date():
            logger.info("migrations: nothing to do")
            return
        with locked(lock_wait):
            if up_to_date():
                logger.info("migrations: another container has run them")
                return
            with first_time():
                call_command("migrate", interactive=False, verbosity=int(settings.LOG_FORMAT == "line"))
        logger.info("migrations: done")


def wait_for_database(seconds: float) -> None:
    """Return once the database answers; CommandError after `seconds`."""
    end = time.monotonic() + seconds
    while True:
        try:
            connection.ensure_connection()
            return
        except OperationalError as error:
            if time.monotonic() > end:
                raise CommandError(f"The database did not answer within {seconds:g} s: {error}") from None
            logger.info("migrations: waiting for the database: %s", error)
            time.sleep(1)


def up_to_date() -> bool:
    """Whether every migration is recorded, and the first one was not cut off."""
    executor = MigrationExecutor(connection)
    return not executor.migration_plan(executor.loader.graph.leaf_nodes()) and not marked()


def marked() -> bool:
    """Whether a first migration is going on or was cut off."""
    return MARKER in connection.introspection.table_names()


@contextmanager
def first_time() -> Iterator[None]:
    """Make a first migration repeatable.

    MySQL commits each DDL statement by itself, and Django records a migration after it
    has committed it, so a kill may leave half of one, or a whole one without its record.
    An empty database gets a marker, which goes when all is done. Who finds the marker
    under the lock knows that a first migration was cut off, hence that nothing was ever
    stored here, and starts again from an empty database.
    """
    if marked():
        logger.warning("migrations: the first one was cut off; starting it again")
        drop_all_tables()
    mark = not connection.introspection.table_names()
    with connection.cursor() as cursor:
        if mark:
            cursor.execute(f"CREATE TABLE {MARKER} (id INT PRIMARY KEY)")
        yield
        if mark:
            cursor.execute(f"DROP TABLE {MARKER}")


def drop_all_tables() -> None:
    """Empty the database; the marker goes last, so that a kill in here changes nothing."""
    tables = sorted(connection.introspection.table_names(), key=lambda name: name == MARKER)
    with connection.constraint_checks_disabled(), connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"DROP TABLE {connection.ops.quote_name(table)}")


@contextmanager
def locked(seconds: int) -> Iterator[None]:
    """Hold the one lock of this database; it goes with this process, however that ends."""
    if connection.vendor == "mysql":
        with mysql_lock(seconds):
            yield
        return
    with open(f"{connection.settings_dict['NAME']}.lock", "w") as file:  # noqa: PTH123
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def mysql_lock(seconds: int) -> Iterator[None]:
    """GET_LOCK on a connection of its own, held open (and awake) for the whole migration."""
    holder = connection.copy()
    holder.settings_dict["OPTIONS"] = {**holder.settings_dict["OPTIONS"], "read_timeout": seconds + 10}
    # Locks are the server's: the database's name keeps two stacks on one server apart.
    name = "migrate." + hashlib.sha256(str(connection.settings_dict["NAME"]).encode()).hexdigest()[:32]
    ended = threading.Event()
    with holder.cursor() as cursor:
        # If this machine is cut off, the server frees the lock after a minute, not after 8 hours.
        cursor.execute("SET SESSION wait_timeout = 60")
        cursor.execute("SELECT GET_LOCK(%s, %s)", [name, seconds])
        if cursor.fetchone() != (1,):
            raise CommandError(f"Another container has been migrating for more than {seconds} s; see its log.")
        holder.inc_thread_sharing()
        awake = threading.Thread(target=keep_awake, args=[holder, ended], daemon=True)
        awake.start()
        try:
            yield
        finally:
            ended.set()
            awake.join()
    holder.close()


def keep_awake(holder: BaseDatabaseWrapper, ended: threading.Event) -> None:
    """Use the lock's connection now and then, so that the server does not close it."""
    while not ended.wait(10):
        with holder.cursor() as cursor:
            cursor.execute("SELECT 1")
