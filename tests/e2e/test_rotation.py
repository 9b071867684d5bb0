"""Secrets are changed as SECURITY.md says: nobody is logged out, no task is lost, and the old ones are void."""

import re
import secrets
from collections.abc import Iterator
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, OpenerDirector, build_opener

import pytest

from support.needs import need
from support.rotation import documented, follow
from support.stack import Stack, docker_missing
from support.waiting import wait_for

NAMES = ("DJANGO_SECRET_KEY", "REDIS_PASSWORD", "MYSQL_PASSWORD", "MYSQL_ROOT_PASSWORD")
PASSWORD = secrets.token_urlsafe(16)
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="(\w+)"')


class Rotated(Stack):
    """A stack whose secrets are changed while it runs, with somebody who is logged in, and what the old ones were."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            "abacus-test-rotation",
            ACCESS="login",
            DJANGO_SUPERUSER_USERNAME="ann",
            DJANGO_SUPERUSER_PASSWORD=PASSWORD,
            DJANGO_ALLOWED_HOSTS="127.0.0.1",
        )
        self.folder = folder
        self.readers = [build_opener(HTTPCookieProcessor(CookieJar())) for _ in range(2)]
        self.old: dict[str, str] = {}

    def log_in(self, reader: OpenerDirector) -> None:
        """As ann."""
        form = reader.open(f"{self.url}/login").read().decode()
        sent = {"username": "ann", "password": PASSWORD, "csrfmiddlewaretoken": TOKEN.findall(form)[0]}
        reader.open(f"{self.url}/login", urlencode(sent).encode())

    def knows(self, reader: OpenerDirector) -> bool:
        """Whether the reader is somebody still."""
        return not str(reader.open(f"{self.url}/").url).startswith(f"{self.url}/login")

    def read(self, service: str, path: str) -> str:
        """A secret."""
        return self.compose("exec", "-T", service, "cat", f"/run/secrets/{path}")

    def make(self, name: str) -> Path:
        """A new value in a file of its own, which the environment names."""
        path = self.folder / name.lower()
        path.write_text(secrets.token_hex(32))
        path.chmod(0o444)
        self.env[f"{name}_FILE"] = str(path)
        return path

    def change(self) -> None:
        """All of them at once."""
        for name, service in zip(NAMES, ("web", "redis", "mysql", "mysql"), strict=True):
            self.old[name] = self.read(service, name.lower())
        self.old["admin"] = self.read("redis", "redis_admin_password")
        (self.folder / "before").write_text(self.old["DJANGO_SECRET_KEY"])
        self.env["DJANGO_SECRET_KEY_FALLBACKS_FILE"] = str(self.folder / "before")
        new = {name: self.make(name) for name in NAMES}
        follow(self, documented("`MYSQL_PASSWORD_FILE`"), new["MYSQL_PASSWORD"])
        follow(self, documented("`MYSQL_ROOT_PASSWORD_FILE`"), new["MYSQL_ROOT_PASSWORD"])
        follow(self, documented("Redis's `admin`"))
        self.up("--force-recreate")
        follow(self, documented("`MYSQL_PASSWORD_FILE`", after=True))


@pytest.fixture(scope="module")
def rotated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rotated]:
    """It, after that: ann had logged in, and a task was waiting."""
    need(docker_missing())
    folder = tmp_path_factory.mktemp("secrets")
    with Rotated(folder) as stack:
        for reader in stack.readers:
            stack.log_in(reader)
        stack.compose("stop", "celery")
        columns = "x, task_type, y, result, status, error, attempts, worker, queue"
        stack.sql(f"INSERT INTO math_task ({columns}) VALUES ('1', 'add', '2', '', 'created', '', 0, '', 'tasks')")
        stack.change()
        yield stack


def test_each_secret_is_the_new_one(rotated: Rotated) -> None:
    for name, service in zip(NAMES, ("web", "redis", "mysql", "mysql"), strict=True):
        assert rotated.read(service, name.lower()) == (rotated.folder / name.lower()).read_text() != rotated.old[name]
    assert rotated.read("redis", "redis_admin_password") != rotated.old["admin"]


def test_what_waited_has_ended(rotated: Rotated) -> None:
    done = [["success", "3"]]
    wait_for(lambda: rotated.sql("SELECT status, result FROM math_task") == done, 60, "the task ends")


def test_who_was_logged_in_still_is_and_the_old_key_is_needed_until_each_has_come_back(rotated: Rotated) -> None:
    came, stayed_away = rotated.readers
    assert rotated.knows(came)
    del rotated.env["DJANGO_SECRET_KEY_FALLBACKS_FILE"]
    rotated.up("--force-recreate", "web")
    wait_for(lambda: rotated.knows(came), 20, "who came back in time has a session under the new key")
    assert not rotated.knows(stayed_away)


@pytest.mark.parametrize(
    ("service", "name", "login"),
    [
        ("mysql", "MYSQL_PASSWORD", 'MYSQL_PWD=$0 mysql -h127.0.0.1 -u"$MYSQL_USER" -e "SELECT 1"'),
        ("mysql", "MYSQL_ROOT_PASSWORD", 'MYSQL_PWD=$0 mysql -uroot -e "SELECT 1"'),
        ("redis", "REDIS_PASSWORD", "REDISCLI_AUTH=$0 redis-cli ping | grep PONG"),
        ("redis", "admin", "REDISCLI_AUTH=$0 redis-cli --user admin ping | grep PONG"),
    ],
)
def test_an_old_password_opens_nothing_and_the_new_one_does(
    rotated: Rotated, service: str, name: str, login: str
) -> None:
    def opens(password: str) -> bool:
        command = ["exec", "-T", service, "sh", "-c", f"{login} >/dev/null 2>&1 && echo yes || echo no", password]
        return rotated.compose(*command).strip() == "yes"

    path = "redis_admin_password" if name == "admin" else name.lower()
    assert (opens(rotated.old[name]), opens(rotated.read(service, path))) == (False, True)
