"""A client that goes away in the middle of an upload costs one line in the log: no traceback, no error of ours."""

import json
import re
import socket
import struct
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from support.embedded import Embedded
from support.http import ask, create
from support.waiting import wait_for

ROWS = b"1,add,2\n" * 2_000
BOUNDARY = "half"
CSV = b"x,task_type,y\n" + ROWS
JSON = b'{"tasks": [' + b'{"x": "1", "task_type": "add", "y": "2"},' * 500
Sent = tuple[str, dict[str, str], bytes]


def part(name: str, value: str, more: str = "") -> bytes:
    """One field of a form."""
    return f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n{value}'.encode()


def form(site: Embedded) -> Sent:
    """The page's upload, with the token that the page has."""
    page = ask("GET", site.url)
    token = re.search(rb'name="csrfmiddlewaretoken" value="([^"]+)"', page.body)
    assert token
    fields = part("csrfmiddlewaretoken", token[1].decode()) + b"\r\n" + part("file", "", '; filename="a.csv"') + CSV
    cookie = page.headers["set-cookie"].partition(";")[0]
    return "/batches/new", {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}", "Cookie": cookie}, fields


def upload(site: Embedded, way: str) -> Sent:
    """Where it goes, its headers, and the half of it that is sent."""
    if way == "page":
        return form(site)
    api: dict[str, Sent] = {
        "csv": ("/api/batches", {"Content-Type": "text/csv"}, CSV),
        "json": ("/api/batches", {"Content-Type": "application/json"}, JSON),
        "task": ("/api/tasks", {"Content-Type": "application/json"}, b'{"x": "1", '),
    }
    return api[way]


def break_off(url: str, path: str, headers: dict[str, str], half: bytes, reset: bool) -> None:
    """Announce 4 kB more than is sent, go away: by an end of the stream, or by a reset as after a crash."""
    parts = urlsplit(url)
    head = {"Host": parts.netloc, "Content-Length": str(len(half) + 4_000), **headers}
    lines = [f"POST {path} HTTP/1.1", *(f"{name}: {value}" for name, value in head.items()), "", ""]
    with socket.create_connection((parts.hostname or "", parts.port or 80)) as client:
        if reset:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.sendall("\r\n".join(lines).encode() + half)


@pytest.mark.parametrize("reset", [False, True], ids=["closed", "reset"])
@pytest.mark.parametrize("way", ["page", "csv", "json", "task"])
def test_an_upload_that_is_broken_off_is_one_line_and_stores_nothing(embedded: Embedded, way: str, reset: bool) -> None:
    log = Path(embedded.data / "logs" / "web.log")
    path, headers, half = upload(embedded, way)
    newest, seen = create(embedded.url, "1", "add", "2"), len(log.read_text())
    break_off(embedded.url, path, {**headers, "X-Request-ID": f"half-{way}"}, half, reset)

    def lines() -> list[str]:
        return log.read_text()[seen:].splitlines()

    told = f"the client went away while it sent its request: POST {path} id=half-{way}"
    wait_for(lambda: any("id=half" in line and line.startswith("request ") for line in lines()), 10, "it has an end")
    assert len([line for line in lines() if told in line]) == 1, lines()
    complaints = [line for line in lines() if re.search(r"Traceback|Error|ERROR|WARNING|Forbidden|body-read", line)]
    assert complaints == []
    assert [line for line in lines() if line.startswith("request method=POST") and "status=400" in line]
    assert json.loads(ask("GET", f"{embedded.url}/api/tasks?after={newest}").body)["items"] == []
