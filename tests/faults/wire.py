"""One request on one connection, without a library that would try again or keep the connection."""

import asyncio


async def ask(address: str, head: str, body: bytes = b"") -> tuple[int, dict[str, str], bytes]:
    """Status, headers (names in lower case) and content; `head` is the request's lines but for Host and length."""
    host, _, port = address.partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        lines = f"{head}\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write(lines.encode() + body)
        raw = await reader.read()
    finally:
        writer.close()
    header, separator, content = raw.partition(b"\r\n\r\n")
    if not separator:
        raise ConnectionResetError("no answer")
    status, *fields = header.decode().split("\r\n")
    pairs = (field.split(":", 1) for field in fields)
    return int(status.split()[1]), {name.lower(): value.strip() for name, value in pairs}, content
