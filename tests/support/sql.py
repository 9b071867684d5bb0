"""Statements in a container's MySQL by its own client, which stays: a new one for each costs 0.3 s of CPU."""

import os
import select
import subprocess
from collections.abc import Callable
from contextlib import suppress
from threading import Lock

# In the container, as the app's user. A client per statement takes it as $0: ONCE.
LOGIN = 'MYSQL_PWD=$(cat /run/secrets/mysql_password) exec mysql -h127.0.0.1 -u"$MYSQL_USER" -N -B "$MYSQL_DATABASE"'
ONCE = f'{LOGIN} -e "$0"'
END = "-- the end of an answer --"
ANSWERS = 120.0  # seconds


def table(printed: str) -> list[list[str]]:
    """The rows that the client has printed."""
    return [line.split("\t") for line in printed.splitlines()]


class Connection:
    """A client that runs; it ends with its MySQL, and where a statement is refused."""

    def __init__(self, container: str) -> None:
        command = ["docker", "exec", "-i", container, "sh", "-c", f"{LOGIN} -n"]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.STDOUT, bufsize=0)
        assert self.process.stdin and self.process.stdout
        self.stdin, self.stdout = self.process.stdin, self.process.stdout

    def answer(self, statement: str) -> list[list[str]]:
        """Its rows."""
        with suppress(BrokenPipeError):  # what it said at its end is read below
            self.stdin.write(f"{statement.rstrip(' ;')};\nSELECT '{END}';\n".encode())
        printed = b""
        while not printed.endswith(f"{END}\n".encode()):
            more = os.read(self.stdout.fileno(), 1 << 20) if select.select([self.stdout], [], [], ANSWERS)[0] else b""
            assert more, f"no answer to: {statement}\n{printed.decode()}"
            printed += more
        return table(printed.decode().removesuffix(f"{END}\n"))

    def close(self) -> None:
        """End it."""
        self.process.kill()
        self.process.communicate()


class Client:
    """Where statements go; a MySQL that was started again, or another container, has a new connection."""

    def __init__(self, container: Callable[[], str]) -> None:
        self.container, self.lock = container, Lock()
        self.connection: Connection | None = None

    def run(self, statement: str) -> list[list[str]]:
        """Rows of a statement."""
        with self.lock:
            if self.connection:
                try:
                    return self.connection.answer(statement)
                except AssertionError:
                    self.close()
            self.connection = Connection(self.container())
            return self.connection.answer(statement)

    def close(self) -> None:
        """End the client in the container."""
        if self.connection:
            self.connection.close()
        self.connection = None

    # A stack that a test only looks at is not told when the test has ended.
    __del__ = close
