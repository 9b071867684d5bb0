"""Log lines: one event each, whatever it is about."""

import json
import logging
import sys

import pytest

from durable.logs import FORMATTERS, shown
from durable.management.commands.worker import Command

HOSTILE = "a\nERROR b\x1b[31m\x00\u2028c\x85"


def record(message: str, *arguments: object, **extra: object) -> logging.LogRecord:
    """An event, with the exception that is being handled."""
    made = logging.LogRecord(
        "durable.x", logging.INFO, "x.py", 1, message, arguments, sys.exc_info() if sys.exc_info()[0] else None
    )
    made.__dict__.update(extra)
    return made


def failed() -> logging.LogRecord:
    """An event with a traceback whose words are a client's."""
    try:
        raise ValueError(HOSTILE)
    except ValueError:
        return record("it failed: %s", HOSTILE)


def test_a_line_is_one_line_and_its_traceback_is_set_in() -> None:
    line = FORMATTERS["line"]()
    assert line.format(record("said %s", HOSTILE)).endswith(r" INFO durable.x said a\nERROR b\x1b[31m\x00\u2028c\x85")
    first, *others = line.format(failed()).split("\n")
    assert first.endswith(r"it failed: a\nERROR b\x1b[31m\x00\u2028c\x85")
    assert len(others) > 3
    assert all(text.startswith("  ") for text in others)


def test_an_object_is_one_line_with_the_event_and_its_traceback() -> None:
    text = FORMATTERS["json"]().format(failed())
    assert text.isprintable()
    told = json.loads(text)
    assert (told["level"], told["logger"], told["message"]) == ("INFO", "durable.x", f"it failed: {HOSTILE}")
    assert told["exception"].startswith("Traceback")
    assert told["time"].endswith("Z")


def test_an_object_has_what_was_given_under_the_common_names() -> None:
    told = json.loads(FORMATTERS["json"]().format(record("x", request_id="r", client="c", else_="no")))
    assert (told["request_id"], told["client"]) == ("r", "c")
    assert "else_" not in told
    assert "exception" not in told


@pytest.mark.parametrize(
    ("asked", "line"),
    [
        ("/tasks?status=failed&limit=5", "/tasks?status=failed&limit=5"),
        ('/a" status=200', "/a%22%20status=200"),
        ("/a\\\n\x7f\xff", "/a%5C%0A%7F%FF"),
        ("a" * 9000, "a" * 250),
        ('"' * 9000, "%22" * 83 + "%"),
    ],
)
def test_what_a_client_chose_may_stand_between_quotes(asked: str, line: str) -> None:
    assert shown(asked) == line


def test_with_json_celery_prints_no_banner(settings: object, monkeypatch: pytest.MonkeyPatch) -> None:
    assert Command().started_as()[0] == "worker"
    monkeypatch.setattr("django.conf.settings.LOG_FORMAT", "json")
    assert Command().started_as()[:2] == ["--quiet", "worker"]
