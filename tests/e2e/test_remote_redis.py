"""A Redis elsewhere that speaks TLS alone and knows our user: what works, what is refused, and how that is told."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from support.embedded import Embedded
from support.http import ask, create, finished
from support.needs import need
from support.stack import CHECKOUT, ROOT, Stack, bridge_address, docker_missing
from support.tls_redis import PASSWORD, USER, TlsRedis, make_ca, make_certificate
from support.waiting import wait_for

# Those that the local one gives the app, and that the manual names for a Redis elsewhere.
GIVEN = re.search(r"REDIS_RIGHTS:-(.*?)\}", (ROOT / "docker-compose.yaml").read_text(), re.DOTALL)


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TlsRedis]:
    """The server; its certificate is for the names localhost and redis.example."""
    need(docker_missing())
    need("" if shutil.which("openssl") else "no openssl command: install it to run these tests")
    folder = tmp_path_factory.mktemp("tls")
    make_ca(folder, "ca")
    make_ca(folder, "other")
    make_certificate(folder, "ca", f"DNS:localhost,IP:{bridge_address()}")
    assert GIVEN
    rights = " ".join(GIVEN[1].split())
    with TlsRedis(folder, f"abacus-test-tls-{CHECKOUT}", rights, "0.0.0.0") as running:
        yield running


def run_sh(redis: TlsRedis, data: Path, **other: str) -> Embedded:
    """./run.sh that uses it."""
    env = {
        "DJANGO_SECRET_KEY": "s" * 50,
        "REDIS_HOST": "localhost",
        "REDIS_PORT": str(redis.port),
        "REDIS_USERNAME": USER,
        "REDIS_PASSWORD": PASSWORD,
        "REDIS_SSL_MODE": "verify_identity",
        "REDIS_SSL_CA_FILE": str(redis.folder / "ca.pem"),
        **other,
    }
    return Embedded(data, None, **env)


@contextmanager
def refused(redis: TlsRedis, data: Path, **other: str) -> Iterator[Embedded]:
    """./run.sh with something wrong: the site answers, and says that Redis is away."""
    running = run_sh(redis, data, **other).start(wait=False)
    try:
        wait_for(lambda: answers(running), 60, "the site answers")
        yield running
    finally:
        running.stop()
        running.wait_gone(20)


def answers(running: Embedded) -> bool:
    """Whether the site serves."""
    try:
        return ask("GET", f"{running.url}/live").status == 200
    except OSError:
        return False


def told(running: Embedded, name: str, words: str) -> None:
    """Wait until a log has the words."""
    log = running.data / "logs" / f"{name}.log"
    wait_for(lambda: log.exists() and words in log.read_text(), 30, f"{name}.log says {words!r}")


def test_tasks_run_over_it_and_a_cut_is_survived(redis: TlsRedis, tmp_path: Path) -> None:
    with run_sh(redis, tmp_path) as running:
        for _ in range(3):
            identity = create(running.url, "0.1", "add", "0.2")
            ended = wait_for(partial(finished, running.url, identity), 20, "the task ends")
            assert ended["result"] == "0.3"
            redis.cli("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        lines = "".join(f"{number},add,1\n" for number in range(20_000))
        answer = ask("POST", f"{running.url}/api/batches", "x,task_type,y\n" + lines, {"Content-Type": "text/csv"})
        assert answer.status == 201, answer
        subprocess.run(["docker", "pause", redis.name], check=True, capture_output=True)
        try:
            wait_for(lambda: ask("GET", f"{running.url}/health").json()["redis"] == "away", 20, "/health says so")
            assert ask("POST", f"{running.url}/api/tasks", {"x": "1", "task_type": "add", "y": "1"}).status == 201
        finally:
            subprocess.run(["docker", "unpause", redis.name], check=True, capture_output=True)
        number = answer.json()["id"]
        batch = f"{running.url}/api/batches/{number}"
        wait_for(lambda: ask("GET", batch).json()["counts"]["success"] == 20_000, 60, "the batch ends")
        stats = f"{running.url}/api/stats"
        wait_for(lambda: ask("GET", stats).json()["queue_depth"] == 0, 20, "nothing waits")


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (
            {"REDIS_HOST": "127.0.0.1"},
            "certificate is refused, check REDIS_HOST and REDIS_SSL_CA_FILE: IP address mismatch",
        ),
        ({"REDIS_SSL_CA_FILE": "other"}, "certificate is refused, check REDIS_HOST and REDIS_SSL_CA_FILE: "),
        ({"REDIS_SSL_CA_FILE": ""}, "certificate is refused, check REDIS_HOST and REDIS_SSL_CA_FILE: "),
        (
            {"REDIS_USERNAME": "nobody"},
            "refuses the user or the password: check REDIS_USERNAME and REDIS_PASSWORD_FILE",
        ),
        ({"REDIS_PASSWORD": "wrong"}, "refuses the user or the password: check REDIS_USERNAME and REDIS_PASSWORD_FILE"),
    ],
    ids=["another name", "another CA", "the public CAs", "no such user", "wrong password"],
)
def test_what_is_wrong_is_refused_and_told(redis: TlsRedis, tmp_path: Path, other: dict[str, str], words: str) -> None:
    if other.get("REDIS_SSL_CA_FILE"):
        other = {"REDIS_SSL_CA_FILE": str(redis.folder / "other.pem")}
    with refused(redis, tmp_path, **other) as running:
        health = ask("GET", f"{running.url}/health")
        assert (health.status, health.json()["redis"]) == (503, "away")
        told(running, "web", words)
        told(running, "worker", words)


def test_the_stack_takes_our_ca_along_and_starts_no_redis_of_its_own(redis: TlsRedis) -> None:
    env = {
        "REDIS_HOST": bridge_address(),
        "REDIS_PORT": str(redis.port),
        "REDIS_USERNAME": USER,
        "REDIS_PASSWORD": PASSWORD,
        "REDIS_SSL_MODE": "verify_identity",
        "REDIS_SSL_CA_FILE": str(redis.folder / "ca.pem"),
    }
    with Stack("abacus-test-remote-redis", **env) as stack:
        assert not stack.containers("redis")
        identity = create(stack.url, "0.1", "add", "0.2")
        wait_for(lambda: finished(stack.url, identity), 20, "the task ends")
        # Each client is on TLS and has our user's name, but for the owner who asks.
        users = {line.split(" user=")[1].split()[0] for line in redis.cli("CLIENT", "LIST").splitlines()}
        assert users == {USER, "default"}


def test_a_start_in_plain_text_is_told() -> None:
    need(docker_missing())
    stack = Stack("abacus-test-remote-redis", REDIS_HOST="redis.example")
    stack.down()
    try:
        stack.compose("up", "--build", "secrets", check=False)
        assert "Redis at redis.example is spoken to in plain text" in stack.compose("logs", "secrets")
    finally:
        stack.down()


def test_tls_with_whoever_answers_is_enough_for_required(redis: TlsRedis, tmp_path: Path) -> None:
    other = {"REDIS_SSL_MODE": "required", "REDIS_SSL_CA_FILE": "", "REDIS_HOST": "127.0.0.1"}
    with run_sh(redis, tmp_path, **other) as running:
        identity = create(running.url, "1", "add", "1")
        wait_for(lambda: finished(running.url, identity), 20, "the task ends")
