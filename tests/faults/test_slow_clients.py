"""Slow clients cost nobody else: one web container, many who drip, and the others never notice."""

import socket
import time
from pathlib import Path
from typing import Any

import hostile
import pytest
from checker import Load
from verbs import docker

from support.http import ask
from support.stack import Stack
from support.waiting import wait_for

RATE, SECONDS = 40.0, 12.0
ROWS = 100_000
CSV = b"x,task_type,y\n" + b"1234567,add,7654321\n" * ROWS  # its results are more than all buffers on the way hold


def upload(stack: Stack, body: bytes) -> int:
    """A batch; its id."""
    answer = ask("POST", f"{stack.url}/api/batches", body, {"Content-Type": "text/csv"}, timeout=120)
    assert answer.status == 201, answer
    batch: int = answer.json()["id"]
    wait_for(lambda: cancelled(stack, batch), 180, "all of it is cancelled")
    return batch


def cancelled(stack: Stack, batch: int) -> bool:
    """Whether this was the last call that it takes: nothing is left to be computed beside what is measured."""
    answer = ask("POST", f"{stack.url}/api/batches/{batch}/cancel", {})
    assert answer.status in (200, 409, 503), answer  # 409: it has ended; 503: a full machine, to be asked again
    return answer.status == 409 or (answer.status == 200 and not answer.json()["more"])


def load(stack: Stack, folder: Path) -> dict[str, Any]:
    """What the neighbours see."""
    folder.mkdir()
    return Load(stack, folder, RATE, SECONDS).report()


def incidents(stack: Stack, since: float) -> list[str]:
    """Processes that were replaced and servers that were taken for dead."""
    signs = ("HARAKIRI", "DAMN", "spawned uWSGI", "Traceback", " is DOWN")
    logs = stack.compose("logs", "--no-color", "--since", str(int(since)), "web", "haproxy").splitlines()
    return [line for line in logs if any(sign in line for sign in signs)]


@pytest.mark.parametrize("bound", ["0", "2"], ids=["all at once", "two at once"])
def test_slow_uploads_and_downloads_cost_the_others_nothing(lone: Stack, tmp_path: Path, bound: str) -> None:
    lone.up(LIMIT_BULK=bound)
    batch, (container,) = upload(lone, CSV), lone.containers("web")
    restarts = docker("inspect", "-f", "{{.RestartCount}}", container)
    calm = load(lone, tmp_path / "calm")
    since = time.time()
    with hostile.drip(
        hostile.door(lone),
        (64, hostile.slow_body("/api/batches")),
        (32, hostile.slow_reader(f"/api/batches/{batch}/results.csv")),
    ) as told:
        wait_for(
            lambda: lone.compose("logs", "--since", str(int(since)), "web").count("too slowly"), 40, "some are cut"
        )
        attacked = load(lone, tmp_path / "attacked")
    ratio = attacked["p99"] / calm["p99"]
    print(f"\np99 calm {calm['p99']} s, attacked {attacked['p99']} s: {ratio:.2f} x; they were told {dict(told)}")
    assert not attacked["failed"]
    assert attacked["max"] < 10  # who waits behind them waits for minutes
    assert not incidents(lone, since)
    assert docker("inspect", "-f", "{{.RestartCount}}", container) == restarts
    assert set(told) <= {"200", "408", "429", "503"}


def test_the_end_of_a_small_body_that_drips_after_long_headers_holds_nobody_up(lone: Stack, tmp_path: Path) -> None:
    since = time.time()
    with hostile.drip(hostile.door(lone), (32, hostile.slow_headers("/api/tasks"))) as told:
        attacked = load(lone, tmp_path / "attacked")
    assert not attacked["failed"]
    assert attacked["max"] < 10  # who waits behind them waits for minutes
    assert set(told) == {"408"}
    assert 'uri="/api/tasks" status=408' not in lone.compose("logs", "--since", str(int(since)), "web")


def test_an_honest_upload_over_a_slow_but_living_line_succeeds(lone: Stack) -> None:
    rate = 200_000
    with socket.create_connection(("127.0.0.1", lone.port)) as line:
        head = "POST /api/batches HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/csv\r\n"
        line.sendall(f"{head}Content-Length: {len(CSV)}\r\n\r\n".encode())
        began = time.monotonic()
        for place in range(0, len(CSV), rate // 10):
            line.sendall(CSV[place : place + rate // 10])
            hostile.rest_until(began + place / rate)
        line.settimeout(120)
        answer = line.recv(65_536).decode()
    assert time.monotonic() - began > len(CSV) / rate - 1
    assert answer.startswith("HTTP/1.1 201")
    assert f'"total": {ROWS}' in answer


def test_a_download_that_is_read_too_slowly_is_cut_and_does_not_look_whole(lone: Stack) -> None:
    batch, since = upload(lone, CSV), time.time()
    with socket.socket() as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        line.connect(hostile.door(lone))
        line.sendall(f"GET /api/batches/{batch}/results.csv HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        first = line.recv(1_000)
        cut = f"cut: GET /api/batches/{batch}/results.csv was read too slowly"
        wait_for(lambda: cut in lone.compose("logs", "--since", str(int(since)), "web"), 40, "it is cut")
        line.settimeout(20)
        whole = first
        while piece := read_on(line):
            whole += piece
    assert first.startswith(b"HTTP/1.1 200")
    assert not whole.endswith(b"0\r\n\r\n")
    assert not incidents(lone, since)


def read_on(line: socket.socket) -> bytes:
    """What comes next; nothing where the line is cut."""
    try:
        return line.recv(65_536)
    except ConnectionResetError:
        return b""
