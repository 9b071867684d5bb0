"""A small HTTP client on one connection per request; tells status, headers and body."""

import http.client
import json
import urllib.parse
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


def ask(method: str, url: str, body: Any = None, headers: dict[str, str] | None = None, timeout: float = 30) -> Answer:
    """One request; a dict body goes as JSON. Redirects are not followed."""
    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=timeout)
    headers = dict(headers or {})
    if isinstance(body, dict | list):
        body, headers = json.dumps(body), {"Content-Type": "application/json", **headers}
    try:
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request(method, path, body=body, headers=headers)
        response = connection.getresponse()
        return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
    finally:
        connection.close()


def create(url: str, x: str, task_type: str, y: str, **headers: str) -> int:
    """Create a task by the API; its id."""
    answer = ask("POST", f"{url}/api/tasks", {"x": x, "task_type": task_type, "y": y}, headers)
    assert answer.status in {200, 201}, answer
    identity: int = answer.json()["id"]
    return identity


def task(url: str, identity: int) -> dict[str, Any]:
    """A task as the API tells it."""
    found: dict[str, Any] = ask("GET", f"{url}/api/tasks/{identity}").json()
    return found


def finished(url: str, identity: int) -> dict[str, Any] | None:
    """The task once it has ended, else None."""
    found = task(url, identity)
    return found if found["status"] in {"success", "failed", "cancelled"} else None
