"""A proxy before MySQL that loses an answer: python cutter.py WHEN HOST PORT PHRASE...

Each phrase once: the first statement that has it is passed on, its answer is swallowed, and the connection closed, on
both sides. WHEN is `executed`, after the server has done all of it, or `sent`: the server finds its client gone in the
middle. It listens on the same port, and prints the phrase when that is done.
"""

import asyncio
import sys

QUIET = 0.3  # seconds without a byte: the answer to all statements has come


class Cutter:
    def __init__(self, when: str, host: str, port: int, phrases: list[bytes]) -> None:
        self.when, self.host, self.port, self.phrases = when, host, port, phrases

    async def serve(self) -> None:
        """Until it is killed."""
        server = await asyncio.start_server(self.connected, "0.0.0.0", self.port)
        await server.serve_forever()

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A client of MySQL's."""
        server_reader, server_writer = await asyncio.open_connection(self.host, self.port)
        answers = asyncio.create_task(self.pass_on(server_reader, writer))
        try:
            while data := await reader.read(65536):
                cut = next((phrase for phrase in self.phrases if phrase in data), None)
                if cut:
                    self.phrases.remove(cut)
                    answers.cancel()
                    await asyncio.wait([answers])
                server_writer.write(data)
                await server_writer.drain()
                if cut:
                    if self.when == "executed":
                        await self.swallow(server_reader)
                    print("cut", cut.decode(), flush=True)
                    break
        finally:
            answers.cancel()
            server_writer.close()
            writer.close()

    async def pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """From the server to the client."""
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.close()

    async def swallow(self, reader: asyncio.StreamReader) -> None:
        """Wait until the server has said it all; nobody hears it."""
        timeout = 5.0
        while True:
            try:
                async with asyncio.timeout(timeout):
                    if not await reader.read(65536):
                        return
            except TimeoutError:
                return
            timeout = QUIET


if __name__ == "__main__":
    when, host, port, *phrases = sys.argv[1:]
    asyncio.run(Cutter(when, host, int(port), [phrase.encode() for phrase in phrases]).serve())
