"""What one address may do, and that it is nobody else's loss when it wants more."""

import json
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from hostile import flood

from support.certificate import make_certificate
from support.door import Door, Doors
from support.embedded import free_port
from support.http import Answer, ask
from support.needs import need
from support.stack import docker_missing
from support.waiting import wait_for

# More than HAProxy holds back, and not all of it.
UPLOAD = b"POST /api/batches HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n" + b"x" * 200_000
FEW = {"LIMIT_REQUESTS": "20", "LIMIT_CONNECTIONS": "20", "LIMIT_LOGINS": "3", "LIMIT_BULK": "2"}


@pytest.fixture(scope="module")
def doors() -> Iterator[Doors]:
    """The echo, and HAProxy before it."""
    need(docker_missing())
    with Doors() as running:
        yield running


@pytest.fixture
def door(doors: Doors) -> Iterator[Door]:
    """One that lets little through."""
    with doors.open(FEW) as opened:
        yield opened


def connect(door: Door, sent: bytes = b"") -> socket.socket:
    """A connection from here, on which something was sent."""
    client = socket.create_connection(("127.0.0.1", door.port), timeout=10)
    client.sendall(sent)
    return client


def get(door: Door, path: str = "/api/tasks", **headers: str) -> Answer:
    """A request from here."""
    return ask("GET", f"{door.url}{path}", headers=headers)


def upload(door: Door) -> Answer:
    """A body of 20 kB."""
    return ask("POST", f"{door.url}/api/batches", b"x" * 20_000, {"Content-Type": "text/csv"})


def log_in(door: Door, path: str) -> int:
    """An attempt to log in; its status."""
    return ask("POST", f"{door.url}{path}", b"username=alice&password=wrong").status


def cut_off(door: Door) -> bool:
    """Whether not even a probe is answered."""
    try:
        return not get(door, "/live")
    except OSError:
        return True


def told(answer: Answer) -> bool:
    """Whether it is a refusal that says what to do and when."""
    return answer.status == 429 and int(answer.headers["retry-after"]) > 0 and b"try again" in answer.body


def test_a_flood_from_one_address_is_refused_and_costs_nobody_else_a_request(door: Door) -> None:
    answers: Counter[int] = Counter()
    over = threading.Event()

    def ask_meanwhile() -> None:
        while not over.is_set():
            answers[door.asked_elsewhere("/api/tasks").status] += 1

    other = threading.Thread(target=ask_meanwhile)
    other.start()
    flooded = flood(door.port, "/api/tasks", seconds=5)
    over.set()
    other.join()
    assert 150 < flooded.statuses[200] < 350  # 20/s over 10 s, at once, and what a running count lets through later
    assert flooded.statuses[429] > 100
    assert flooded.retry_after == {"10"}
    assert set(answers) == {200}
    assert answers[200] > 2  # each is a process of its own


def test_a_flood_of_what_the_cache_holds_is_refused_as_well(door: Door) -> None:
    assert flood(door.port, "/api/tasks?public", seconds=3).statuses[429] > 100


def test_who_flooded_is_served_again_once_it_has_waited(door: Door) -> None:
    flood(door.port, "/api/tasks", seconds=2)
    assert get(door).status == 429
    wait_for(lambda: get(door).status == 200, 15, "the address is served again", every=1)


def test_a_program_reads_json_and_a_person_a_page(door: Door) -> None:
    flood(door.port, "/api/tasks", seconds=2)
    program, script, person = get(door), get(door, "/tasks/now", **{"X-Requested-With": "fetch"}), get(door, "/")
    for answer in (program, script):
        assert answer.headers["content-type"] == "application/json"
        assert answer.json()["error"].startswith("Your address sends too many requests")
    assert person.headers["content-type"] == "text/html"
    assert b"<h1>Too much at once</h1>" in person.body
    assert all(answer.status == 429 for answer in (program, script, person))


def test_probes_are_never_refused(door: Door) -> None:
    flood(door.port, "/api/tasks", seconds=2)
    assert [get(door, path).status for path in ("/live", "/ready", "/health")] == [200] * 3
    assert get(door, "/live/").status == 429


def test_the_lines_of_a_flood_do_not_wash_the_log_away(door: Door) -> None:
    refused = flood(door.port, "/api/tasks", seconds=3).statuses[429]
    lines = sum(" 429 " in line for line in door.logs())
    assert 0 < lines < refused / 20


@pytest.mark.parametrize("path", ["/login", "/admin/login/?next=/admin/", "/admin/%6cogin/"])
def test_passwords_cannot_be_tried_without_end(door: Door, path: str) -> None:
    assert [log_in(door, path) for _ in range(5)] == [200] * 3 + [429] * 2
    answer = ask("POST", f"{door.url}{path}")
    assert told(answer)
    assert answer.headers["retry-after"] == "60"
    assert get(door, "/admin/login/").status == 200
    assert door.asked_elsewhere(path, "POST").status == 200


def test_two_transfers_at_once_are_an_addresss_share(door: Door) -> None:
    with ExitStack() as held:
        before = get(door).json()["bodies"]
        first, _ = (held.enter_context(connect(door, UPLOAD)) for _ in range(2))
        wait_for(lambda: get(door).json()["bodies"] == before + 2, 10, "both are under way")
        assert told(upload(door))
        assert told(get(door, "/api/batches/1/results.csv"))
        assert told(get(door, "/api/batches/1/results%2Ecsv"))
        assert get(door).status == 200
        assert door.asked_elsewhere("/api/batches/1/results.csv").status == 200
        first.close()
        wait_for(lambda: upload(door).status == 200, 10, "one has ended, so another may begin")


def test_connections_of_one_address_are_counted_those_that_send_nothing_too(door: Door) -> None:
    with ExitStack() as held:

        def hold_more() -> None:
            for _ in range(10):
                held.enter_context(connect(door))

        def refused_with_more() -> bool:
            hold_more()
            return told(get(door))

        def cut_off_with_more() -> bool:
            hold_more()
            return cut_off(door)

        wait_for(refused_with_more, 4, "a request is told that there are too many connections")
        assert get(door, "/live").status == 200
        wait_for(cut_off_with_more, 4, "no more connections are taken")
        assert door.asked_elsewhere("/api/tasks").status == 200


def test_connections_that_never_begin_tls_are_counted_and_given_up(doors: Doors, tmp_path: Path) -> None:
    port, pem = free_port(), tmp_path / "tls.pem"
    pem.write_text(make_certificate(tmp_path))
    pem.chmod(0o444)
    options = ("-v", f"{pem}:/tls.pem:ro", "-e", "TLS_CERTIFICATE_FILE=/tls.pem", "-e", "HTTPS_PORT=443")
    with doors.open(FEW, *options, "-p", f"127.0.0.1:{port}:8443") as door, ExitStack() as held:

        def cut_off_with_more() -> bool:
            clients.extend(held.enter_context(socket.create_connection(("127.0.0.1", port), 10)) for _ in range(10))
            return cut_off(door)

        clients: list[socket.socket] = []
        wait_for(cut_off_with_more, 4, "no more connections are taken")
        assert clients[0].recv(1) == b""


def test_slow_headers_are_given_up(door: Door) -> None:
    with connect(door, b"GET / HTTP/1.1\r\nHost: x\r\n") as client:
        assert client.recv(100).startswith(b"HTTP/1.1 408 ")


def test_no_limit_holds_where_it_is_0(doors: Doors) -> None:
    with doors.open(dict.fromkeys(FEW, "0")) as door, ExitStack() as held:
        for _ in range(60):
            held.enter_context(connect(door))
        for _ in range(4):
            held.enter_context(connect(door, UPLOAD))
        assert set(flood(door.port, "/api/tasks", seconds=3).statuses) == {200}
        assert {log_in(door, "/login") for _ in range(30)} == {200}


def test_those_of_one_ipv6_network_share_their_limits(doors: Doors) -> None:
    with doors.open({"TRUSTED_PROXIES": doors.gateway(), **FEW}) as door:

        def log_in_from(address: str) -> int:
            return ask("POST", f"{door.url}/login", b"", {"X-Forwarded-For": address}).status

        assert [log_in_from(f"2001:db8:0:1::{number}") for number in range(5)] == [200] * 3 + [429] * 2
        assert log_in_from("2001:db8:0:2::1") == 200
        assert [log_in_from(f"203.0.113.{number}") for number in range(5)] == [200] * 5


@pytest.mark.parametrize(
    ("env", "sentence"),
    [
        ({"LIMIT_REQUESTS": "many"}, "LIMIT_REQUESTS is 'many'; set it to a whole number, or to 0 for no limit."),
        ({"PROXY_PROTOCOL": "yes"}, "PROXY_PROTOCOL is 'yes'; set it to 1 or 0."),
        ({"PROXY_PROTOCOL": "1"}, "PROXY_PROTOCOL is 1: set TRUSTED_PROXIES"),
    ],
    ids=json.dumps,
)
def test_a_bad_value_stops_the_start_with_a_sentence(doors: Doors, env: dict[str, str], sentence: str) -> None:
    with doors.open(env, ready=False) as door:
        wait_for(lambda: any(sentence in line for line in door.logs()), 20, sentence)
