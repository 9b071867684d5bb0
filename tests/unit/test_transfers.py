"""What a client may take its time for, and what not."""

import io
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.test import RequestFactory

from durable.http import transfers
from durable.http.sizes import MAX_BODY
from durable.http.transfers import GRACE, LEAST, MOST_IN, PIECE, Body, TooSlow, Transfer


class Clock:
    """A time that only the test moves."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(Transfer.__init__, "__defaults__", (made,))
    return made


class Line:
    """A line on which so many bytes come in a second."""

    def __init__(self, clock: Clock, rate: float, size: int) -> None:
        self.clock, self.rate, self.left = clock, rate, size

    def read(self, size: int) -> bytes:
        """As uWSGI: it waits until all of them are there."""
        size = min(size, self.left)
        self.left -= size
        self.clock.now += size / self.rate
        return b"x" * size


def body(clock: Clock, rate: float, size: int, most: float = MOST_IN) -> Body:
    """What such a line brings."""
    return Body(Line(clock, rate, size), Transfer(most, socket.SHUT_RD))


def test_a_slow_but_living_line_may_send_a_large_batch(clock: Clock) -> None:
    assert len(body(clock, 200_000, 10_000_000).read()) == 10_000_000


@pytest.mark.parametrize("rate", [4, 1_000, 7_000])
def test_who_sends_less_than_the_least_rate_is_ended_when_the_grace_is_used_up(clock: Clock, rate: int) -> None:
    with pytest.raises(TooSlow):
        body(clock, rate, 1_000_000).read()
    assert clock.now - 1_000 < max(GRACE * 4, 2 * PIECE / rate)


def test_who_sends_much_first_has_no_more_grace_for_it(clock: Clock) -> None:
    slow = body(clock, 1_000_000, 5_000_000)
    slow.read(4_000_000)
    slow.stream.rate, before = 1_000, clock.now
    with pytest.raises(TooSlow):
        slow.read()
    assert clock.now - before < 2 * PIECE / 1_000


def test_no_transfer_lasts_for_ever(clock: Clock) -> None:
    with pytest.raises(TooSlow):
        body(clock, LEAST * 2, 10_000_000).read()
    assert clock.now - 1_000 < MOST_IN + PIECE / LEAST


def test_the_time_that_the_application_takes_is_not_the_clients(clock: Clock) -> None:
    fast = body(clock, 1_000_000, 3 * PIECE)
    for _ in range(3):
        assert len(fast.read(PIECE)) == PIECE
        clock.now += 500


def test_who_is_waited_for_in_vain_has_his_socket_shut(clock: Clock) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.settimeout(5)
        transfer = Transfer(MOST_IN, socket.SHUT_RD)
        transfer.connection = ours.fileno()
        transfer.begin()
        clock.now += GRACE + 1
        transfers.watch.look()
        assert ours.recv(1) == b""  # the read that hung comes back
        ours.sendall(b"408")  # and there may still be an answer
        assert theirs.recv(3) == b"408"
        transfer.end(0)
    assert transfer.too_slow


def test_a_socket_that_is_not_waited_for_is_left_alone(clock: Clock) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        transfer = Transfer(MOST_IN, socket.SHUT_RDWR)
        transfer.connection = ours.fileno()
        transfer.begin()
        transfer.end(0)
        clock.now += 1_000
        transfers.watch.look()
        theirs.sendall(b"x")
        assert ours.recv(1) == b"x"


def request(line: Any, size: int) -> HttpRequest:
    """A POST whose body comes over that line."""
    made = RequestFactory().post("/api/batches", b"", "text/csv")
    made.META["CONTENT_LENGTH"] = str(size)
    made._stream = line
    return made


def leaves(request: HttpRequest) -> HttpResponse:
    """A view that refuses it unread."""
    return HttpResponse("no", status=413)


def test_who_is_too_slow_is_told_so(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO"):
        response = transfers.transfers(leaves)(request(Line(clock, 100, 1_000_000), 1_000_000))
    assert response.status_code == 408
    assert b"10 kB a second" in response.content
    assert [record.getMessage() for record in caplog.records] == ["refused: POST /api/batches came too slowly"]


@pytest.mark.parametrize("size", [1_000_000, MAX_BODY * 3 // 2])
def test_what_the_view_leaves_is_read(clock: Clock, size: int) -> None:
    line = Line(clock, 1_000_000, size)
    assert transfers.transfers(leaves)(request(line, size)).status_code == 413
    assert line.left == 0


class Broken(io.BytesIO):
    """A client that goes away."""

    def read(self, size: int | None = -1) -> bytes:
        raise OSError("error during read")


def test_a_broken_off_body_is_a_line_and_no_traceback(client: Any, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO"):
        made = client.generic(
            "POST", "/api/batches", b"x", "text/csv", **{"wsgi.input": Broken(), "CONTENT_LENGTH": "1000000"}
        )
    assert made.status_code == 400
    [told] = [record.getMessage() for record in caplog.records if record.name == "durable.http.broken_off"]
    assert told.startswith("the client went away while it sent its request: POST /api/batches")
    assert not any(record.exc_info for record in caplog.records)


def sent(clock: Clock, rate: float, parts: Iterator[bytes]) -> bytes:
    """What a client that reads so much in a second gets."""
    response = StreamingHttpResponse(parts)
    answer: Any = transfers.leaving(RequestFactory().get("/api/batches/1/results.csv"), response)  # type: ignore[arg-type]
    got = b""
    for piece in answer.streaming_content:
        clock.now += len(piece) / rate
        got += piece
    return got


def test_a_slow_but_living_reader_gets_all(clock: Clock) -> None:
    assert len(sent(clock, 200_000, iter([b"x" * 50_000] * 100))) == 5_000_000


def test_a_slow_reader_is_cut_after_the_grace(clock: Clock) -> None:
    assert len(sent(clock, 1_000, iter([b"x" * 50_000] * 100))) < 2 * GRACE * 1_000 + PIECE


def test_a_reader_who_is_cut_is_a_line_in_the_log(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    response = StreamingHttpResponse(iter([b"x" * 50_000] * 100))
    answer: Any = transfers.leaving(RequestFactory().get("/api/batches/1/results.csv"), response)  # type: ignore[arg-type]
    next(answer.streaming_content)
    clock.now += GRACE + 5
    with caplog.at_level("INFO"):
        answer.close()  # what uWSGI does when its write has failed
    assert [record.getMessage() for record in caplog.records] == [
        "cut: GET /api/batches/1/results.csv was read too slowly"
    ]


def test_under_uwsgi_only_a_whole_file_has_an_end(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    class Uwsgi:
        @staticmethod
        def connection_fd() -> int:
            return ours.fileno()

    ours, theirs = socket.socketpair()
    monkeypatch.setattr(transfers, "uwsgi", Uwsgi)
    with ours, theirs:
        assert (
            sent(clock, 200_000, iter([b"ab", b"", b"c" * 16])) == b"2\r\nab\r\n10\r\n" + b"c" * 16 + b"\r\n0\r\n\r\n"
        )
        assert not sent(clock, 1_000, iter([b"x" * 50_000] * 100)).endswith(b"0\r\n\r\n")
