"""No lock pins a release with a known vulnerability: pip-audit asks the database of osv.dev."""

import json
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from support.stack import ROOT

DATABASE = "https://api.osv.dev/v1/query"
LOCKS = [*sorted((ROOT / "requirements").glob("*.txt")), *sorted((ROOT / "flask-rabbitmq").glob("*.txt"))]
# A release that the database has to know as vulnerable, or else it is not the database that answers.
OLD = {"package": {"name": "jinja2", "ecosystem": "PyPI"}, "version": "2.4.1"}


@cache
def missing(database: str) -> str:
    """Why the database cannot be asked; empty if it can."""
    body, kind = json.dumps(OLD).encode(), {"Content-Type": "application/json"}
    try:
        with urllib.request.urlopen(urllib.request.Request(database, body, kind), timeout=10) as answer:
            known = json.load(answer).get("vulns")
    except (OSError, ValueError) as error:
        return f"the database of vulnerabilities cannot be asked, so no lock was audited: {database}: {error}"
    return "" if known else f"{database} does not know {OLD}, so it is not the database, and no lock was audited"


def vulnerable(lock: Path, database: str) -> list[str]:
    """What pip-audit finds in the lock, after it has looked at each pin that concerns this machine."""
    command = [str(Path(sys.executable).parent / "pip-audit"), "-r", str(lock), "-s", "osv", "--osv-url", database]
    command += ["--disable-pip", "--require-hashes", "--progress-spinner", "off", "-f", "json"]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.stdout, result.stderr
    pins: list[dict[str, Any]] = json.loads(result.stdout)["dependencies"]
    assert pins
    assert [pin for pin in pins if "skip_reason" in pin] == []
    found = [f"{pin['name']} {pin['version']}: {flaw['id']}" for pin in pins for flaw in pin["vulns"]]
    assert bool(found) == bool(result.returncode), result.stderr
    return found


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: str(lock.relative_to(ROOT)))
def test_no_pin_has_a_known_vulnerability(lock: Path) -> None:
    # Not `need`, which fails in CI: whether a database of somebody else's answers is no property of this code.
    if reason := missing(DATABASE):
        pytest.skip(reason)
    assert vulnerable(lock, DATABASE) == []


class FakeDatabase(BaseHTTPRequestHandler):
    """Answers as osv.dev does, and knows one flaw, in all releases of jinja2 below 3."""

    def do_POST(self) -> None:
        """One query."""
        query = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        name, version = query["package"]["name"], query["version"]
        self.server.asked.append(name)  # type: ignore[attr-defined]
        ranges = [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "3.0"}]}]
        affected = [{"package": {"name": "jinja2", "ecosystem": "PyPI"}, "ranges": ranges}]
        flaw = {"id": "PYSEC-0000-1", "summary": "It is old.", "aliases": [], "affected": affected}
        body = json.dumps({"vulns": [flaw]} if (name, version[0]) == ("jinja2", "2") else {}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def fake_database() -> Iterator[tuple[str, list[str]]]:
    """Its address, and what it was asked for."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), FakeDatabase)
    server.asked = []  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1/query", server.asked  # type: ignore[attr-defined]
    finally:
        server.shutdown()
        server.server_close()


def test_a_vulnerable_pin_is_found(tmp_path: Path) -> None:
    lock = tmp_path / "lock.txt"
    lock.write_text(f"jinja2==2.4.1 --hash=sha256:{'0' * 64}\nflask==3.1.3 --hash=sha256:{'0' * 64}\n")
    with fake_database() as (database, _):
        assert missing(database) == ""
        assert vulnerable(lock, database) == ["jinja2 2.4.1: PYSEC-0000-1"]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: str(lock.relative_to(ROOT)))
def test_every_pin_is_asked_for(lock: Path) -> None:
    lines = [line for line in lock.read_text().splitlines() if line and not line.startswith(" ")]
    everywhere = {line.partition("==")[0] for line in lines if ";" not in line}  # the rest: other systems and Pythons
    with fake_database() as (database, asked):
        assert vulnerable(lock, database) == []
    assert everywhere
    assert set(asked) >= everywhere


def test_a_database_that_does_not_answer_is_a_reason_to_skip() -> None:
    with fake_database() as (database, _):
        pass
    assert database in missing(database)
    assert "no lock was audited" in missing(database)
