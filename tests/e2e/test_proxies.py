"""Whose word HAProxy takes for who asks, and how."""

import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from support.door import Door, Doors
from support.http import ask
from support.needs import need
from support.stack import docker_missing
from support.waiting import wait_for

CLIENT = "203.0.113.9"
FORGED = "198.51.100.1"


@pytest.fixture(scope="module")
def doors() -> Iterator[Doors]:
    """The echo, and HAProxy before it."""
    need(docker_missing())
    with Doors() as running:
        yield running


@pytest.fixture(scope="module")
def trusting(doors: Doors) -> Iterator[Door]:
    """One that trusts this machine, and a network in which nobody is."""
    with doors.open({"TRUSTED_PROXIES": f"192.0.2.0/24,{doors.gateway()}"}) as opened:
        yield opened


@pytest.fixture(scope="module")
def plain(doors: Doors) -> Iterator[Door]:
    """One that trusts nobody."""
    with doors.open({}) as opened:
        yield opened


def handed_on(door: Door, **headers: str) -> dict[str, list[str]]:
    """The headers that arrive behind HAProxy, of a request from here."""
    found: dict[str, list[str]] = ask("GET", f"{door.url}/echo", headers=headers).json()["headers"]
    return found


def sent(door: Door, request: bytes) -> Any:
    """The answer to these bytes: JSON, or the status where there is none; nothing where the door was shut."""
    with socket.create_connection(("127.0.0.1", door.port), timeout=10) as client:
        client.sendall(request)
        answer = b"".join(iter(lambda: client.recv(65_536), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    return json.loads(body) if body.startswith(b"{") else head[:12].decode()


def greeted(door: Door, request: bytes) -> bool:
    """Whether it is up and hands the request on."""
    try:
        return isinstance(sent(door, request), dict)
    except OSError:
        return False


@pytest.mark.parametrize(
    ("given", "address"),
    [
        (CLIENT, CLIENT),
        (f"{FORGED}, {CLIENT}", CLIENT),
        (f"{FORGED}, {CLIENT}, 192.0.2.7, 192.0.2.8", CLIENT),
        (f"{CLIENT}:4711", CLIENT),
        ("2001:db8::9", "2001:db8::9"),
        (f"192.0.2.7, {CLIENT}", CLIENT),
    ],
)
def test_the_last_address_that_is_no_trusted_proxys_is_the_clients(trusting: Door, given: str, address: str) -> None:
    assert handed_on(trusting, **{"X-Forwarded-For": given})["x-forwarded-for"] == [address]
    assert any(line.startswith(f"{address}:") for line in trusting.logs())


@pytest.mark.parametrize("given", ["unknown", f"{FORGED}, unknown", f"{FORGED}, 192.0.2.7, _hidden", ""])
def test_a_proxy_that_hides_the_client_stands_for_it(doors: Doors, trusting: Door, given: str) -> None:
    assert handed_on(trusting, **{"X-Forwarded-For": given})["x-forwarded-for"] == [doors.gateway()]


def test_what_strangers_say_of_themselves_is_dropped(doors: Doors, trusting: Door, plain: Door) -> None:
    said = {
        "X-Forwarded-For": FORGED,
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "evil.example",
        "Forwarded": "x",
    }
    headers = trusting.asked_elsewhere("/echo", **said).json()["headers"]
    assert headers["x-forwarded-for"] == [doors.address(doors.echo)]
    assert headers["x-forwarded-proto"] == ["http"]
    assert not {"x-forwarded-host", "forwarded"} & set(headers)
    headers = handed_on(plain, **said)
    assert headers["x-forwarded-for"] == [doors.gateway()]
    assert headers["x-forwarded-proto"] == ["http"]


@pytest.mark.parametrize(
    ("given", "believed"), [("https", "https"), ("http", "http"), ("https, http", "http"), ("HTTPS\x01", "http")]
)
def test_a_trusted_proxy_says_whether_it_was_https(trusting: Door, given: str, believed: str) -> None:
    assert handed_on(trusting, **{"X-Forwarded-Proto": given}).get("x-forwarded-proto") == [believed]


def test_a_trusted_proxys_host_and_underscored_headers_are_dropped(trusting: Door) -> None:
    said = {"X-Forwarded-Host": "evil.example", "X_Forwarded_For": FORGED, "X-Request-ID": "mine"}
    headers = handed_on(trusting, **said)
    assert not {"x-forwarded-host", "x_forwarded_for"} & set(headers)
    assert headers["x-request-id"] != ["mine"]


def test_limits_count_the_client_and_not_its_proxy(doors: Doors) -> None:
    with doors.open({"TRUSTED_PROXIES": doors.gateway(), "LIMIT_LOGINS": "3"}) as door:

        def log_in(**headers: str) -> int:
            return ask("POST", f"{door.url}/login", b"", headers).status

        assert [log_in(**{"X-Forwarded-For": CLIENT}) for _ in range(4)] == [200] * 3 + [429]
        assert log_in(**{"X-Forwarded-For": "203.0.113.10"}) == 200
        assert [log_in() for _ in range(5)] == [200] * 5


def test_the_proxy_protocol_is_expected_of_trusted_proxies_alone(doors: Doors) -> None:
    request = b"GET /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Forwarded-For: 198.51.100.1\r\n\r\n"
    said = b"PROXY TCP4 203.0.113.9 192.0.2.1 4711 80\r\n" + request
    with doors.open({"TRUSTED_PROXIES": doors.gateway(), "PROXY_PROTOCOL": "1"}, ready=False) as door:
        wait_for(lambda: greeted(door, said), 20, "HAProxy takes the greeting")
        assert sent(door, said)["headers"]["x-forwarded-for"] == [CLIENT]
        assert sent(door, request) == ""
        assert door.asked_elsewhere("/echo").json()["headers"]["x-forwarded-for"] == [doors.address(doors.echo)]
    with doors.open({}) as door:
        assert sent(door, said) == "HTTP/1.1 400"


def test_http_2_without_tls_is_not_spoken(plain: Door) -> None:
    assert sent(plain, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0") == "HTTP/1.1 400"
    assert ask("GET", f"{plain.url}/echo", headers={"Upgrade": "h2c", "Connection": "Upgrade"}).status == 200


@pytest.mark.parametrize(
    "headers", [{"Authorization": "Bearer x"}, {"Cookie": "a=b; sessionid=s"}], ids=["token", "cookie"]
)
def test_what_is_personal_is_neither_kept_nor_answered_by_the_cache(plain: Door, headers: dict[str, str]) -> None:
    def number(path: str, **given: str) -> int:
        found: int = ask("GET", f"{plain.url}{path}", headers=given).json()["number"]
        return found

    path = f"/public?{next(iter(headers))}"
    mine = [number(path, **headers) for _ in range(3)]
    assert len(set(mine)) == 3
    anybodys = number(path)
    assert anybodys not in mine
    assert number(path, **headers) != anybodys


def test_a_bad_network_stops_the_start(doors: Doors) -> None:
    with doors.open({"TRUSTED_PROXIES": "10.0.0.0/8,proxy.example/x"}, ready=False) as door:
        wait_for(lambda: any("proxy.example/x" in line for line in door.logs()), 20, "HAProxy says which")
