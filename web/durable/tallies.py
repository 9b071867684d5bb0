"""What is counted beside the tasks: in memory first, and every few seconds by one statement for all of it.

So it costs no request and no message a statement. A process that is killed takes its last seconds along.
"""

import atexit
import logging
import os
import threading
from collections import Counter as Numbers
from collections.abc import Callable, Iterable
from datetime import timedelta

from django.db import Error, connection, connections, models
from django.db.models import Q, Sum
from django.db.models.functions import Now

logger = logging.getLogger(__name__)
SECONDS = 5.0
FRESH = timedelta(seconds=3 * SECONDS)  # what a process tells of itself counts for so long
KEPT = timedelta(hours=1)
Key = tuple[str, str]  # what, and which of its sorts


class Tally(models.Model):
    """A number: of no process, what all have ever counted; of a process, what it told of itself at that time."""

    pk = models.CompositePrimaryKey("name", "sort", "process")
    name = models.CharField(max_length=32)
    sort = models.CharField(max_length=32, default="")
    process = models.CharField(max_length=80, default="")
    number = models.BigIntegerField(default=0, db_default=0)
    time = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"{self.name} {self.sort} {self.process}".strip()


class Tallies:
    """A process's: what it has counted and not written yet, and what it tells of itself."""

    def __init__(self) -> None:
        self.reset()
        self.levels: dict[str, Callable[[], int]] = {}
        os.register_at_fork(after_in_child=self.reset)  # what the parent counted is the parent's to write

    def reset(self) -> None:
        """Begin anew."""
        self.lock, self.numbers, self.told = threading.Lock(), Numbers[Key](), dict[str, int]()

    def add(self, name: str, sort: str = "", number: int = 1) -> None:
        """Count."""
        if number:
            with self.lock:
                self.numbers[name, sort] += number

    def tell(self, name: str, level: Callable[[], int]) -> None:
        """A level of this process, asked for whenever something is written."""
        self.levels[name] = level

    def flush(self, process: str) -> None:
        """Write what there is; what could not be written is kept for the next time."""
        levels = {name: level() for name, level in self.levels.items()}
        changed = {name: level for name, level in levels.items() if level or self.told.get(name)}
        with self.lock:
            numbers, self.numbers = self.numbers, Numbers()
        rows = sorted((name, sort, "", number) for (name, sort), number in numbers.items())
        rows += [(name, "", process, level) for name, level in changed.items()]
        try:
            write(rows)
        except Error:
            with self.lock:
                self.numbers.update(numbers)
            raise
        self.told = levels


def write(rows: Iterable[tuple[str, str, str, int]]) -> None:
    """Add the numbers to those of all, and put the levels in the place of the last ones: one statement."""
    rows = list(rows)
    if not rows:
        return
    mysql = connection.vendor == "mysql"
    table, now = Tally._meta.db_table, "NOW(6)" if mysql else "STRFTIME('%%Y-%%m-%%d %%H:%%M:%%f', 'NOW')"
    conflict = "AS new ON DUPLICATE KEY UPDATE" if mysql else "ON CONFLICT (name, sort, process) DO UPDATE SET"
    marks = ", ".join([f"(%s, %s, %s, %s, {now})"] * len(rows))
    kept = f"CASE WHEN {table}.process = '' THEN {table}.number ELSE 0 END"
    sql = (
        f"INSERT INTO {table} (name, sort, process, number, time) VALUES {marks} {conflict}"  # noqa: S608
        f" number = {'new' if mysql else 'excluded'}.number + {kept}, time = {now}"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [value for row in rows for value in row])


def ever() -> dict[Key, int]:
    """What all processes together have counted, and the sums of what those that live tell of themselves."""
    rows = Tally.objects.filter(Q(process="") | Q(time__gt=Now() - FRESH)).values("name", "sort")
    found = rows.annotate(all=Sum("number")).order_by().values_list("name", "sort", "all")
    return {(name, sort): int(number) for name, sort, number in found}


def purge() -> None:
    """Delete what processes told that are gone."""
    Tally.objects.exclude(process="").filter(time__lt=Now() - KEPT).delete()


class Teller:
    """Writes the tallies of a process that has nothing else that turns: a web process. Its thread has a connection."""

    def __init__(self, process: str) -> None:
        self.process, self.stopped, self.away = process, threading.Event(), False
        self.thread = threading.Thread(target=self.run, name="tallies", daemon=True)

    def run(self) -> None:
        """Until the process ends."""
        while not self.stopped.wait(SECONDS):
            self.turn()

    def turn(self) -> None:
        """Write, and hold no connection meanwhile. While the database is away that is said once."""
        try:
            tallies.flush(self.process)
            self.away = False
        except Error as error:
            if not self.away:
                logger.warning("tallies: database away, they are kept: %s", error)
            self.away = True
        finally:
            connections.close_all()

    def end(self) -> None:
        """The last time."""
        self.stopped.set()
        self.turn()


tallies = Tallies()
teller: Teller | None = None


def start(process: str) -> None:
    """Have a thread of this process write its tallies, and the end of the process."""
    global teller
    teller = Teller(process)
    teller.thread.start()


@atexit.register  # before the publisher's, so after it: what that one sends at the end is counted, too
def end() -> None:
    """The process ends in order: one that uWSGI replaces, for one."""
    if teller:
        teller.end()
