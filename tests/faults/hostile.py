"""Hostile clients as verbs, each for a while: many at once in one thread, since waiting costs nothing.

A drip is a context: inside of it the clients are there, and those that are ended by the server come back at once.
"""

import asyncio
import http.client
import socket
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from verbs import docker

from support.stack import Stack

Address = tuple[str, int]
Client = Callable[[Address, "Counter[str]"], Awaitable[None]]


def door(stack: Stack) -> Address:
    """HAProxy as other machines meet it: to clients on this one Docker's proxy would lend megabytes of buffers."""
    (container,) = stack.containers("haproxy")
    networks = docker("inspect", "-f", "{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}", container)
    return networks.split()[0], 8080


def slow_body(path: str, length: int = 9_000_000, first: int = 60_000, rate: float = 4) -> Client:
    """Announces a batch, sends the beginning of it at once and the rest at `rate` bytes a second."""
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/csv\r\nContent-Length: {length}\r\n\r\n"
    line = b"1,add,2\n"
    lines = line * max(1, int(rate / 2 / len(line)))

    async def client(address: Address, told: "Counter[str]") -> None:
        reader, writer = await asyncio.open_connection(*address)
        try:
            writer.write(head.encode() + b"x,task_type,y\n" + line * (first // len(line)))
            answer = asyncio.ensure_future(reader.readline())
            while not answer.done():
                await asyncio.wait([answer], timeout=len(lines) / rate)
                writer.write(lines)
            told[status(await answer)] += 1
        finally:
            writer.close()

    return client


def slow_reader(path: str, rate: float = 1_000) -> Client:
    """Asks for a file and reads it at `rate` bytes a second, through the smallest buffer that there is."""
    head = f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"

    async def client(address: Address, told: "Counter[str]") -> None:
        small = socket.socket()
        small.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        small.setblocking(False)
        await asyncio.get_running_loop().sock_connect(small, address)
        reader, writer = await asyncio.open_connection(sock=small, limit=2_048)
        try:
            writer.write(head.encode())
            told[status(await reader.readline())] += 1
            while await reader.read(int(rate / 2)):
                await asyncio.sleep(0.5)
        finally:
            writer.close()

    return client


def slow_headers(path: str = "/", head: int = 10_000, body: int = 15_000, rate: float = 2_000) -> Client:
    """Long headers and a small body, the end of it at a trickle: as if a buffer were to overflow."""
    lines = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {body}\r\n"
    pad = "".join(f"X-Pad-{n}: {'x' * 980}\r\n" for n in range(head // 1_000))

    async def client(address: Address, told: "Counter[str]") -> None:
        reader, writer = await asyncio.open_connection(*address)
        try:
            writer.write(f"{lines}{pad}\r\n".encode() + b"x" * (body - 2_000))
            answer = asyncio.ensure_future(reader.readline())
            while not answer.done():
                await asyncio.wait([answer], timeout=1)
                writer.write(b"x")
            told[status(await answer)] += 1
        finally:
            writer.close()

    return client


def status(line: bytes) -> str:
    """That of an answer's first line."""
    return line.split()[1].decode() if line.count(b" ") > 1 else "no answer"


@contextmanager
def drip(address: Address, *clients: tuple[int, Client]) -> Iterator["Counter[str]"]:
    """So many of each client, for as long as it lasts; what they are told."""
    told: Counter[str] = Counter()
    loop = asyncio.new_event_loop()

    async def again(client: Client) -> None:
        while True:
            try:
                await client(address, told)
            except OSError as error:
                told[type(error).__name__] += 1
            await asyncio.sleep(0.1)

    async def all_of_them() -> None:
        await asyncio.gather(*(again(client) for count, client in clients for _ in range(count)))

    main = loop.create_task(all_of_them())

    def run() -> None:
        try:
            loop.run_until_complete(main)
        except asyncio.CancelledError:
            loop.close()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield told
    finally:
        loop.call_soon_threadsafe(main.cancel)
        thread.join()


def bombs(size: int = 10_000_000) -> dict[str, bytes]:
    """Bodies that cost a careless reader of JSON or CSV much more memory than they are long."""
    wide = "\U0001f600".encode()
    shapes = {
        "one giant object": (b'[{"0":0', b',"0":0', b"}]"),
        "an object of many keys": (b'[{"0":0,' + b",".join(b'"%d":0' % n for n in range(size // 12)), b"", b"}]"),
        "deep nesting": (b"[", b"[", b"]"),
        "deep objects": (b"[", b'{"x":', b"1"),
        "a giant string": (b'[{"x":"', b"x", b'"}]'),
        "a giant string of wide characters": (b'[{"x":"', wide, b'"}]'),
        "a giant number": (b'[{"x":', b"9", b"}]"),
        "empty objects": (b"[{}", b",{}", b"]"),
        "empty lists in one task": (b"[[[]", b",[]", b"]]"),
        "spaces": (b"[", b" ", b"]"),
        "a giant line": (b"x,task_type,y\n1", b"1", b",add,2\n"),
        "a giant header": (b"x", b",x", b"\n"),
        "a giant field in quotes": (b'x,task_type,y\n"', b"1\n", b'",add,2\n'),
        "a line of a million fields": (b"x,task_type,y\n1", b',"\n"', b"\n"),
    }
    return {
        name: begin + middle * ((size - len(begin) - len(end)) // max(1, len(middle))) + end if middle else begin + end
        for name, (begin, middle, end) in shapes.items()
    }


def content_type(bomb: bytes) -> str:
    """What it claims to be."""
    return "application/json" if bomb.startswith(b"[") else "text/csv"


def rest_until(moment: float) -> None:
    """Wait for a moment of the monotonic clock: a slow line is slow by its waiting."""
    threading.Event().wait(max(0.0, moment - time.monotonic()))


@dataclass
class Flooded:
    """How a flood was answered: how often with which status, and what each 429 said of when to come back."""

    statuses: Counter[int] = field(default_factory=Counter)
    retry_after: set[str | None] = field(default_factory=set)


def flood(port: int, path: str, seconds: float, connections: int = 8) -> Flooded:
    """Ask for `path` as fast as it is answered, on so many connections, for so long."""
    flooded, lock, end = Flooded(), threading.Lock(), time.monotonic() + seconds

    def ask_on_and_on() -> None:
        statuses: Counter[int] = Counter()
        retry_after: set[str | None] = set()
        client = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        while time.monotonic() < end:
            client.request("GET", path)
            answer = client.getresponse()
            answer.read()
            statuses[answer.status] += 1
            if answer.status == 429:
                retry_after.add(answer.getheader("Retry-After"))
        client.close()
        with lock:
            flooded.statuses += statuses
            flooded.retry_after |= retry_after

    threads = [threading.Thread(target=ask_on_and_on) for _ in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return flooded
