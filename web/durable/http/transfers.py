"""Transfers: bodies that come in and files that go out, each at a least rate, so that a slow client holds no thread.

Only the time in which the client is waited for counts. A client has GRACE seconds of it in advance, each byte that
moves gives some back, and TOO_LONG ends the whole. uWSGI waits in C for as many bytes as it was asked for, however
slowly they trickle; so a thread of this module looks on, and shuts the socket under a transfer that is late.
"""

import contextlib
import io
import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.utils.translation import gettext_noop

from durable.http.broken_off import gone
from durable.http.middleware import View, refusal
from durable.http.sizes import MAX_BODY
from durable.words import say

try:
    import uwsgi
except ImportError:  # in a test, in a management command
    uwsgi = None

logger = logging.getLogger(__name__)
LEAST = 10_000  # bytes per second
GRACE = 10.0  # seconds
MOST_IN, MOST_OUT = 120.0, 600.0  # seconds that a client may be waited for
PIECE = 16_384  # bytes: at the least rate, well within the grace
SENDING = 65_536  # bytes in the kernel; with more, it would take too long until a slow client is seen to have read some


class TooSlow(TimeoutError):
    """The client has used up its time."""


class Transfer:
    """The time that one client has left, in one direction."""

    def __init__(self, most: float, shut: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock, self.credit, self.left, self.shut = clock, GRACE, most, shut
        self.since: float | None = None
        self.too_slow = False
        self.connection: int | None = uwsgi.connection_fd() if uwsgi else None

    def begin(self) -> None:
        """From here on the client is waited for."""
        self.since = self.clock()
        watch.add(self)

    def end(self, moved: int) -> None:
        """It has sent or taken so many bytes."""
        watch.remove(self)
        assert self.since is not None
        took = self.clock() - self.since
        self.too_slow = self.too_slow or self.late(self.clock())
        self.credit, self.left = min(GRACE, self.credit - took + moved / LEAST), self.left - took
        self.since = None

    def late(self, now: float) -> bool:
        """Whether it is waited for in vain."""
        return self.since is not None and now - self.since > min(self.credit, self.left)

    def cut(self) -> None:
        """Have the thread that waits wait no longer."""
        self.too_slow = True
        if self.connection is not None:
            with contextlib.suppress(OSError), socket.socket(fileno=os.dup(self.connection)) as connection:
                connection.shutdown(self.shut)


class Watch:
    """Looks at the transfers that wait, once a second."""

    def __init__(self) -> None:
        self.lock, self.waiting = threading.Lock(), set[Transfer]()
        self.some, self.thread = threading.Event(), threading.Thread(target=self.run, name="transfers", daemon=True)

    def add(self, transfer: Transfer) -> None:
        """It waits."""
        with self.lock:
            self.waiting.add(transfer)
            if not self.thread.is_alive():
                self.thread.start()
        self.some.set()

    def remove(self, transfer: Transfer) -> None:
        """It waits no longer. From here on its socket may be another one's."""
        with self.lock:
            self.waiting.discard(transfer)

    def run(self) -> None:
        """Look, for as long as the process lives."""
        ticks = threading.Event()
        while self.some.wait():
            ticks.wait(1.0)
            self.look()

    def look(self) -> None:
        """End what is late."""
        with self.lock:
            for transfer in self.waiting:
                if transfer.late(transfer.clock()):
                    transfer.cut()
            if not self.waiting:
                self.some.clear()


watch = Watch()


class Body(io.IOBase):
    """What Django reads a request's body from."""

    def __init__(self, stream: Any, transfer: Transfer) -> None:
        self.stream, self.transfer = stream, transfer

    def read(self, size: int | None = None) -> bytes:
        """All, or so many bytes if there are as many."""
        parts, left = [], MAX_BODY + 1 if size is None or size < 0 else size
        while left and (part := self.moved(self.stream.read, min(left, PIECE))):
            parts.append(part)
            left -= len(part)
        return b"".join(parts)

    def readline(self, size: int | None = None) -> bytes:
        """A line, or so much of it."""
        return self.moved(self.stream.readline, PIECE if size is None or size < 0 else size)

    def moved(self, read: Callable[[int], bytes], size: int) -> bytes:
        """Wait for the client, but not longer than it has time."""
        part = b""
        self.transfer.begin()
        try:
            part = read(size)
        finally:
            self.transfer.end(len(part))
            if self.transfer.too_slow:
                raise TooSlow
        return part


def pieces(request: HttpRequest) -> Iterator[bytes]:
    """The body as it comes, without any of it being kept."""
    return iter(lambda: request.read(PIECE), b"")


def transfers(get_response: View) -> View:
    """Keep an eye on what comes and goes; answer only when all of the body is read.

    A socket closed with unread data is reset, and the answer with it.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.META.get("CONTENT_LENGTH", "") in ("", "0"):
            return leaving(request, get_response(request))
        transfer = Transfer(MOST_IN, socket.SHUT_RD)
        request._stream = Body(request._stream, transfer)  # type: ignore[assignment]
        response = get_response(request)
        drain(request)
        if transfer.too_slow:
            logger.info("refused: %s %s came too slowly", request.method, request.path)
            sentence = gettext_noop("This came too slowly, at less than {n} kB a second: send it in smaller parts.")
            response.close()
            response = refusal(request, 408, say(sentence, n=LEAST // 1000))
        return leaving(request, response)

    return middleware


def drain(request: HttpRequest) -> None:
    """Read what the view has left of the body, of one that is somewhat too large, too: its client is to see why."""
    try:
        for _ in range(0, 2 * MAX_BODY, PIECE):
            if hasattr(request, "broken_off") or not request.read(PIECE):
                break
    except UnreadablePostError as error:
        gone(request, error)


def leaving(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """The answer, watched over if it is made while it is sent; a static file, whose length is known, is not."""
    if not response.streaming or request.method == "HEAD" or "Content-Length" in response.headers:
        return response
    # Only the last chunk tells a whole file from one that was cut.
    chunked = bool(uwsgi) and request.META.get("SERVER_PROTOCOL") == "HTTP/1.1"
    if chunked:
        response["Transfer-Encoding"] = "chunked"
    response.streaming_content = outgoing(request, response.streaming_content, chunked)  # type: ignore[attr-defined]
    return response


def outgoing(request: HttpRequest, content: Iterable[bytes], chunked: bool) -> Iterator[bytes]:
    """The same in pieces, until it ends or the client turns out to be too slow."""
    transfer = Transfer(MOST_OUT, socket.SHUT_RDWR)
    if transfer.connection is not None:
        with socket.socket(fileno=os.dup(transfer.connection)) as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SENDING)
    for part in content:
        for start in range(0, len(part), PIECE):
            piece = part[start : start + PIECE]
            transfer.begin()
            try:
                yield b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece
            finally:  # uWSGI comes back no more once a write has failed
                transfer.end(len(piece))
                if transfer.too_slow:
                    logger.info("cut: %s %s was read too slowly", request.method, request.path)
            if transfer.too_slow:
                return
    if chunked:
        yield b"0\r\n\r\n"
