"""flask-rabbitmq/ against those who mean it ill: slow clients, floods, and more work than can be done."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from http.client import HTTPException

import pytest

from support.flask_stack import FlaskStack, ended, start, started
from support.http import Answer, ask
from support.waiting import wait_for

HEADERS = b"GET /live HTTP/1.1\r\nHost: abacus\r\nX-Slow: "
BODY = b"POST / HTTP/1.1\r\nHost: abacus\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n"


@contextmanager
def drip(port: int, clients: int, beginning: bytes) -> Iterator[list[socket.socket]]:
    """Clients that send one more byte of their request each second, and come again when they are sent away."""
    going, sockets = threading.Event(), ExitStack()

    def come() -> socket.socket:
        client = sockets.enter_context(socket.create_connection(("127.0.0.1", port), timeout=5))
        client.sendall(beginning)
        return client

    def send() -> None:
        while not going.wait(1):
            for i, client in enumerate(dripping):
                try:
                    client.sendall(b"x")
                except OSError:
                    dripping[i] = come()

    with sockets:
        dripping = [come() for _ in range(clients)]
        sender = threading.Thread(target=send)
        sender.start()
        try:
            yield dripping
        finally:
            going.set()
            sender.join()


def timed(url: str) -> float:
    """The time of an answer to somebody else."""
    began = time.monotonic()
    assert ask("GET", f"{url}/live", timeout=5).status == 200
    return time.monotonic() - began


@pytest.mark.parametrize("beginning", [HEADERS, BODY], ids=["headers", "bodies"])
def test_slow_clients_cost_nobody_else(flask_stack: FlaskStack, beginning: bytes) -> None:
    with drip(flask_stack.port, 200, beginning):
        times: list[float] = []
        end = time.monotonic() + 8  # longer than HAProxy's patience: those sent away come again
        while time.monotonic() < end or len(times) < 50:
            times.append(timed(flask_stack.url))  # one that is not answered within 5 s fails
            started(flask_stack.url, 0)
    print(f"\n200 clients drip: {len(times)} others, slowest {max(times) * 1000:.0f} ms")


def test_a_slow_client_is_sent_away_with_a_sentence(flask_stack: FlaskStack) -> None:
    with drip(flask_stack.port, 1, BODY) as (client,):
        client.settimeout(10)
        answer = client.recv(1000)
    assert answer.startswith(b"HTTP/1.1 408")
    assert b'{"error": "The request took longer' in answer


def refusals(answers: list[Answer], status: int) -> list[str]:
    """Their sentences; each also says when to come again."""
    refused = [answer for answer in answers if answer.status == status]
    assert all(int(answer.headers["retry-after"]) > 0 for answer in refused)
    return [answer.json()["error"] for answer in refused]


def test_an_address_that_asks_too_often_is_told_so_and_let_in_again(flask_stack: FlaskStack) -> None:
    with flask_stack.with_settings("haproxy", LIMIT_REQUESTS="5"):
        answers = [ask("GET", f"{flask_stack.url}/live") for _ in range(100)]
        assert {answer.status for answer in answers[:20]} == {200}
        assert set(refusals(answers, 429)) == {
            "Your address sends too many requests; slow down, and try again in 10 s."
        }
        assert answers[-1].status == 429
        wait_for(lambda: heard(flask_stack.url, 200), 25, "it is let in again", every=2)


def test_an_address_that_holds_too_many_connections_is_told_so_and_then_not_heard(flask_stack: FlaskStack) -> None:
    url, held = flask_stack.url, ExitStack()
    with flask_stack.with_settings("haproxy", LIMIT_CONNECTIONS="10"), held:
        for _ in range(12):
            held.enter_context(socket.create_connection(("127.0.0.1", flask_stack.port)))
        told = wait_for(lambda: heard(url, 429), 30, "it is told so")
        assert refusals([told], 429) == ["Your address has too many open connections; close some, then try again."]

        def crowded_out() -> bool:
            """Not heard, with more than twice the limit by these alone: HAProxy soon sends the first ones away."""
            for _ in range(30):
                held.enter_context(socket.create_connection(("127.0.0.1", flask_stack.port)))
            return not heard(url)

        wait_for(crowded_out, 30, "it is not heard", every=0.02)
        held.close()
        wait_for(lambda: heard(url, 200), 10, "it is let in again")


def heard(url: str, *statuses: int) -> Answer | None:
    """The answer, if there is one, of such a status."""
    try:
        answer = ask("GET", f"{url}/live")
    except (OSError, HTTPException):
        return None
    return answer if answer.status in statuses or not statuses else None


def test_a_full_queue_refuses_with_a_sentence_and_loses_nothing_that_it_took(flask_stack: FlaskStack) -> None:
    most = 20
    with flask_stack.with_settings("rabbitmq", MAX_QUEUE=str(most)):
        wait_for(lambda: ended(flask_stack.url, started_when_back(flask_stack)), 30, "work is done again")
        flask_stack.compose("stop", "worker")
        try:
            answers = [start(flask_stack.url, seconds=0) for _ in range(3 * most)]
            assert flask_stack.queues()["tasks"] <= most + 1
        finally:
            flask_stack.compose("start", "worker")
        accepted = [answer.json()["result_id"] for answer in answers if answer.status == 202]
        # RabbitMQ says that the queue is full once it is over its bound.
        assert most <= len(accepted) <= most + 1
        assert {answer.status for answer in answers} == {202, 503}
        assert set(refusals(answers, 503)) == {
            "The queue is full, so the request was not accepted; try again when some of the work is done."
        }
        for identity in accepted:
            assert wait_for(partial(ended, flask_stack.url, identity), 30, "it ends")["state"] == "success"
        after = started(flask_stack.url, 0)
        assert wait_for(lambda: ended(flask_stack.url, after), 30, "new work is taken")["state"] == "success"


def started_when_back(stack: FlaskStack) -> str:
    """The id of a task that was accepted, once RabbitMQ is there again."""
    answer = wait_for(lambda: accepted_or_none(stack), 30, "requests are accepted")
    identity: str = answer.json()["result_id"]
    return identity


def accepted_or_none(stack: FlaskStack) -> Answer | None:
    """A task's acceptance."""
    answer = start(stack.url, seconds=0)
    return answer if answer.status == 202 else None


def served_by(stack: FlaskStack) -> set[str]:
    """The web containers that answer."""
    return {ask("GET", f"{stack.url}/live").headers["x-served-by"] for _ in range(10)}


def test_more_web_containers_are_found_and_one_that_dies_is_not_noticed(flask_stack: FlaskStack) -> None:
    flask_stack.compose("up", "-d", "--no-recreate", "--scale", "web=2", "web")
    try:
        wait_for(lambda: len(served_by(flask_stack)) == 2, 30, "both answer")
        identities = [started(flask_stack.url, 0) for _ in range(10)]
    finally:
        with asking(flask_stack.url) as statuses:
            flask_stack.compose("up", "-d", "--no-recreate", "--scale", "web=1", "web")
    assert set(statuses) == {200}
    for identity in identities:
        assert wait_for(partial(ended, flask_stack.url, identity), 30, "it ends")["state"] == "success"


@contextmanager
def asking(url: str) -> Iterator[list[int]]:
    """The statuses of requests that go on inside of the context."""
    statuses: list[int] = []
    stopped = threading.Event()

    def ask_on() -> None:
        while not stopped.is_set():
            statuses.append(ask("GET", f"{url}/live").status)

    thread = threading.Thread(target=ask_on)
    thread.start()
    try:
        yield statuses
    finally:
        stopped.set()
        thread.join()
    assert statuses
