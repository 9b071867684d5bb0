"""flask-rabbitmq/: what was answered with 202 ends once, whatever dies; what was not, got a 503 in time."""

import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial

import pytest
from verbs import VERBS, kill, last

from support.flask_stack import FlaskStack, ended, result, running, start, started
from support.http import Answer
from support.rotation import documented, follow
from support.waiting import wait_for

EVERY = 0.05  # seconds between two requests: more than the threads could serve if each waited for RabbitMQ
LASTS = 12.0  # seconds of a pause or a cut: several times longer than a request waits
IN_TIME = 9.0  # seconds: what waits for RabbitMQ instead of giving up takes as long as the fault
Timed = tuple[Answer, float]


class Stream:
    """Requests on schedule, each in a thread of its own, whether or not earlier ones were answered."""

    def __init__(self, url: str) -> None:
        self.url, self.going = url, True
        self.answers: list[Future[Timed]] = []

    def one(self) -> Timed:
        """One request and its time."""
        started_at = time.monotonic()
        answer = start(self.url, seconds=0)
        return answer, time.monotonic() - started_at

    def run(self, threads: ThreadPoolExecutor) -> None:
        """Send until told to stop."""
        while self.going:
            self.answers.append(threads.submit(self.one))
            last(EVERY)

    def accepted(self) -> int:
        """How many were answered with 202 by now."""
        return sum(future.done() and future.result()[0].status == 202 for future in self.answers)


@contextmanager
def stream(url: str) -> Iterator[Stream]:
    """A stream that goes on inside of the context; at its end every request has been answered."""
    requests = Stream(url)
    with ThreadPoolExecutor(200) as threads:
        sender = threads.submit(requests.run, threads)
        try:
            wait_for(lambda: requests.accepted() > 3, 10, "the stream runs")
            yield requests
        finally:
            requests.going = False
            sender.result(10)


def told_after(stack: FlaskStack, identity: str, moment: float) -> bool:
    """Whether a worker has told something of the task since."""
    return bool(result(stack.url, identity)["updated"] > moment)


@pytest.fixture
def sound(flask_stack: FlaskStack) -> FlaskStack:
    """The stack, well at the start of each fault."""
    wait_for(flask_stack.healthy, 60, "everything is healthy")
    return flask_stack


@pytest.mark.parametrize("verb", VERBS)
def test_an_outage_of_rabbitmq_loses_nothing_that_was_accepted(sound: FlaskStack, verb: str) -> None:
    (container,) = sound.containers("rabbitmq")
    with stream(sound.url) as requests:
        at_work = started(sound.url, 3)
        wait_for(lambda: running(sound.url, at_work), 20, "a task runs")
        with VERBS[verb](container, LASTS):
            pass
        back = requests.accepted()
        wait_for(lambda: requests.accepted() > back + 3, 120, "requests are accepted again")
    answers = [future.result() for future in requests.answers]
    refused = [(answer, seconds) for answer, seconds in answers if answer.status != 202]
    slowest = max(seconds for _, seconds in answers)
    print(f"\nrabbitmq {verb}: {len(answers)} requests, {len(refused)} refused, slowest {slowest:.2f} s")
    assert {answer.status for answer, _ in refused} <= {503}
    assert all("retry-after" in answer.headers and answer.json()["error"].endswith(".") for answer, _ in refused)
    assert slowest <= IN_TIME
    identities = [at_work, *(answer.json()["result_id"] for answer, _ in answers if answer.status == 202)]
    assert len(set(identities)) == len(identities)
    outcomes = {i: wait_for(partial(ended, sound.url, i), 40, f"{i} ends") for i in identities}
    assert {outcome["state"] for outcome in outcomes.values()} == {"success"}
    wait_for(lambda: sound.queues()["tasks"] == 0, 30, "every delivery was acknowledged")
    assert {identity: result(sound.url, identity) for identity in identities} == outcomes  # written once


def test_a_task_whose_worker_is_killed_ends_by_itself_and_once(sound: FlaskStack) -> None:
    (container,) = sound.containers("worker")
    identities = [started(sound.url, 3) for _ in range(3)]  # two of them run at a time
    wait_for(lambda: running(sound.url, identities[0]), 10, "it runs")
    with kill(container, 0):
        pass
    outcomes = [wait_for(partial(ended, sound.url, i), 40, f"{i} ends") for i in identities]
    assert [outcome["state"] for outcome in outcomes] == ["success"] * 3
    wait_for(lambda: sound.queues()["tasks"] == 0, 30, "every delivery was acknowledged")
    assert [result(sound.url, identity) for identity in identities] == outcomes


def test_a_task_that_always_kills_its_worker_fails_and_is_kept_with_the_dead(sound: FlaskStack) -> None:
    before = sound.queues().get("tasks.dead", 0)
    identity = started(sound.url, 30)
    for _ in range(5):
        wait_for(lambda: running(sound.url, identity), 20, "it runs")
        subprocess.run(["kill", "-KILL", *sound.processes("worker")[2:]], check=True)  # the pool
        told = result(sound.url, identity)["updated"]  # nobody writes any more
        wait_for(partial(told_after, sound, identity, told), 20, "it is run again, or given up")
    outcome = wait_for(lambda: ended(sound.url, identity), 20, "it is given up")
    assert outcome["state"] == "failed"
    assert outcome["error"] == "The task was given up: 5 times its worker died or lost RabbitMQ."
    wait_for(lambda: sound.queues()["tasks.dead"] == before + 1, 10, "its message is with the dead")
    assert sound.queues()["tasks"] == 0
    after = started(sound.url, 0)
    assert wait_for(lambda: ended(sound.url, after), 20, "others go on")["state"] == "success"


def test_a_second_delivery_changes_no_outcome(sound: FlaskStack) -> None:
    identity = started(sound.url, 0)
    outcome = wait_for(lambda: ended(sound.url, identity), 10, "it ends")
    again = "from longtask.worker import celery; from longtask.tasks import long_time_task as task; "
    again += f"task.apply_async((1,), task_id='{identity}')"
    sound.compose("exec", "-T", "worker", "python", "-c", again)
    last_one = started(sound.url, 2)
    wait_for(lambda: ended(sound.url, last_one), 20, "what was sent after it has ended")
    assert result(sound.url, identity) == outcome


def test_a_locked_store_delays_outcomes_and_loses_none(sound: FlaskStack) -> None:
    (worker,) = sound.containers("worker")
    identity = started(sound.url, 1)
    wait_for(lambda: running(sound.url, identity), 10, "it runs")
    lock = "import sqlite3, time; c = sqlite3.connect('/data/results.sqlite3'); c.execute('BEGIN EXCLUSIVE'); "
    lock += "print('held', flush=True); time.sleep(15)"
    command = ["docker", "exec", worker, "python", "-c", lock]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holding:
        assert holding.stdout
        assert holding.stdout.readline() == "held\n"
        asked_at = time.monotonic()
        refused = start(sound.url)
        assert (refused.status, "retry-after" in refused.headers) == (503, True)
        assert time.monotonic() - asked_at <= IN_TIME
    assert holding.returncode == 0
    assert wait_for(lambda: ended(sound.url, identity), 40, "its outcome is stored")["state"] == "success"


def test_a_worker_that_hears_nothing_is_unhealthy(sound: FlaskStack) -> None:
    (worker,) = sound.containers("worker")
    main = sound.processes("worker")[1]  # after docker-init
    subprocess.run(["kill", "-STOP", main], check=True)
    try:
        wait_for(lambda: sound.health(worker) == "unhealthy", 40, "the worker says so")
    finally:
        subprocess.run(["kill", "-CONT", main], check=True)
    wait_for(lambda: sound.is_healthy(worker), 40, "it is well again by itself")


def test_a_stopped_worker_finishes_what_it_has_begun(sound: FlaskStack) -> None:
    (worker,) = sound.containers("worker")
    identity = started(sound.url, 3)
    wait_for(lambda: running(sound.url, identity), 10, "it runs")
    try:
        sound.compose("stop", "worker")
        assert result(sound.url, identity)["state"] == "success"
        waiting = started(sound.url, 0)
        assert result(sound.url, waiting)["state"] == "queued"
    finally:
        sound.compose("start", "worker")
    wait_for(lambda: ended(sound.url, waiting), 30, "what waited is run")
    wait_for(lambda: sound.is_healthy(worker), 60, "it is well again")


def test_its_password_is_changed_as_the_security_page_says_and_loses_nothing(sound: FlaskStack) -> None:
    def known() -> str:
        return sound.compose("exec", "-T", "worker", "cat", "/run/secrets/rabbitmq_password")

    def opens(password: str) -> bool:
        command = ("rabbitmqctl", "authenticate_user", "longtask", password)
        return "Success" in sound.compose("exec", "-T", "rabbitmq", *command, check=False)

    old, sent = known(), [started(sound.url, 2) for _ in range(4)]
    assert opens(old)
    follow(sound, documented("flask-rabbitmq's"))
    sound.compose("up", "-d", "--force-recreate")
    wait_for(sound.healthy, 60, "everything is healthy")
    assert (opens(old), opens(known())) == (False, True)
    for identity in sent:
        assert wait_for(partial(ended, sound.url, identity), 60, "it ends")["state"] == "success"
