"""A web server that answers with what it was asked, for looking at what HAProxy hands on. It runs in a container."""

import itertools
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

numbers = itertools.count()
bodies: set[int] = set()  # the requests whose body is being read


class Handler(BaseHTTPRequestHandler):
    def answer(self) -> None:
        """Tell what was asked; publicly, where the address says so."""
        content = json.dumps(self.told()).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "public, max-age=1" if "public" in self.path else "no-store")
        self.end_headers()
        self.wfile.write(content)

    def told(self) -> dict[str, object]:
        """Which answer it is, the request, and how many bodies are under way."""
        length = int(self.headers.get("Content-Length") or 0)
        if length:
            bodies.add(id(self))
        body = self.rfile.read(length)
        bodies.discard(id(self))
        return {
            "number": next(numbers),
            "method": self.command,
            "path": self.path,
            "headers": {name.lower(): self.headers.get_all(name) for name in self.headers},
            "body": len(body),
            "bodies": len(bodies),
        }

    do_GET = do_POST = do_PUT = do_DELETE = answer

    def log_message(self, format: str, *args: object) -> None:
        """HAProxy has a log."""


if __name__ == "__main__":
    ThreadingHTTPServer(("", 8000), Handler).serve_forever()
