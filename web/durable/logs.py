"""What a log line looks like: text or JSON, and never more than one event, whatever a client sent.

With LOG_FORMAT=json the keys are the same everywhere: time, level, logger, message; request_id of whatever belongs to a
request, be it said in a web process or by the worker; task of what is said while one runs; and of a request itself
client, method, uri, status, ms and bytes. HAProxy's are in haproxy.cfg, uWSGI's in uwsgi-json.ini.
"""

import json
import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

try:
    from uwsgi import set_logvar  # uWSGI's own, there is none outside of it
except ImportError:
    set_logvar = None

CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]")
# What may stand between quotes in a line or in JSON as it is.
UNSAFE = re.compile(r"[^!#-\[\]-~]")
SHORT = {"request_id": "id"}  # as HAProxy and uWSGI have it in a line
LONGEST = 250  # characters: a variable of uWSGI's log line holds 255


_told: ContextVar[dict[str, Any]] = ContextVar("told")


@contextmanager
def about(**what: str) -> Iterator[None]:
    """What is said in this block belongs to this: a request_id, for one."""
    token = _told.set({name: value for name, value in what.items() if value})
    try:
        yield
    finally:
        _told.reset(token)


def told() -> dict[str, Any]:
    """What is said now belongs to; what is put in goes into the lines, of a light row its key."""
    return _told.get({})


def belonging() -> dict[str, str]:
    """The same, as lines have it. In a message of several requests a task's own one is on its row."""
    found = {name: str(getattr(value, "key", value)) for name, value in told().items()}
    if "task" in found and "," in found.get("request_id", ""):
        del found["request_id"]
    return found


class LineFormatter(logging.Formatter):
    """A line; a traceback follows, set in, so that nothing in it can be taken for a line."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:
        """The line and what it belongs to, its control characters written out."""
        ends = "".join(f" {SHORT.get(name, name)}={value}" for name, value in belonging().items())
        return CONTROL.sub(written_out, super().formatMessage(record) + ends)

    def format(self, record: logging.LogRecord) -> str:
        """The line and what belongs to it."""
        return super().format(record).replace("\n", "\n  ")


class JsonFormatter(logging.Formatter):
    """A JSON object per event; what was given as `extra` with one of the names is in it."""

    extras = ("request_id", "client", "method", "uri", "status", "ms", "bytes")

    def format(self, record: logging.LogRecord) -> str:
        """The object; json.dumps writes control characters out."""
        told = {
            "time": in_utc(record.created),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **belonging(),
            **{name: getattr(record, name) for name in self.extras if hasattr(record, name)},
        }
        if record.exc_info:
            told["exception"] = self.formatException(record.exc_info)
        return json.dumps(told, default=str)


FORMATTERS = {"line": LineFormatter, "json": JsonFormatter}


def in_utc(seconds: float) -> str:
    """Unix time as ISO 8601, to the millisecond."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def written_out(found: re.Match[str]) -> str:
    """A control character as Python writes it."""
    return found[0].encode("unicode_escape").decode()


def shown(text: str) -> str:
    """What a client chose, as it may stand in a log line: percent-encoded where need be, and not endless."""
    return UNSAFE.sub(lambda found: f"%{ord(found[0]):02X}", text[:LONGEST])[:LONGEST]


def request_variables(environ: Mapping[str, str], client: str, request_id: str) -> None:
    """Tell uWSGI what its line of this request says."""
    if set_logvar is None:
        return
    set_logvar("asked_time", in_utc(datetime.now(UTC).timestamp()))
    set_logvar("asked_method", shown(environ.get("REQUEST_METHOD", "")))
    set_logvar("asked_uri", shown(environ.get("REQUEST_URI", "")))
    set_logvar("asked_client", client)
    set_logvar("asked_id", request_id)
