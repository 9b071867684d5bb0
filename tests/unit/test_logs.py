"""Log lines: one event each, whatever it is about."""

import json
import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.test import Client
from rows import KIND, database_away, store

from arithmetic.models import MathTask
from durable import tasks
from durable.logs import FORMATTERS, about, shown, told
from durable.management.commands.worker import Command
from support.stack import ROOT

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


def both(message: str) -> tuple[str, dict[str, object]]:
    """A line of each form."""
    made = record(message)
    return FORMATTERS["line"]().format(made), json.loads(FORMATTERS["json"]().format(made))


def test_what_is_said_about_a_request_has_its_id() -> None:
    with about(request_id="r-1"):
        line, found = both("hello")
    assert line.endswith(" hello id=r-1")
    assert found["request_id"] == "r-1"
    line, found = both("hello")
    assert line.endswith(" hello")
    assert "request_id" not in found


def test_a_task_does_not_name_all_requests_of_its_message() -> None:
    with about(request_id="r-1,r-2"):
        assert both("ran")[1]["request_id"] == "r-1,r-2"
        told()["task"] = "sum-1-0"
        assert both("hello")[0].endswith(" hello task=sum-1-0")


def test_what_is_not_known_is_left_out() -> None:
    with about(request_id=""):
        assert "request_id" not in both("hello")[1]


def test_a_client_cannot_write_a_line_by_what_it_belongs_to() -> None:
    with about(request_id=HOSTILE):
        line, found = both("hello")
    assert line.isprintable()
    assert found["request_id"] == HOSTILE


def test_what_was_given_by_name_goes_before_what_it_belongs_to() -> None:
    with about(request_id="r-1"):
        told()["ms"] = "0"
        made = record("x", ms=7)
        assert json.loads(FORMATTERS["json"]().format(made))["ms"] == 7


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, object]]:
    """What is logged, as objects."""
    found: list[dict[str, object]] = []

    class Handler(logging.Handler):
        def emit(self, entry: logging.LogRecord) -> None:
            found.append(json.loads(FORMATTERS["json"]().format(entry)))

    handler = Handler()
    monkeypatch.setattr(logging.root, "handlers", [*logging.root.handlers, handler])
    caplog.set_level(logging.INFO)
    return found


@pytest.mark.django_db(transaction=True)
def test_a_line_of_a_web_process_has_the_requests_id(
    lines: list[dict[str, object]], client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database_away():
        response = client.get("/api/tasks", headers={"X-Request-ID": "r-2"})
    assert response.status_code == 503
    [line] = [line for line in lines if str(line["message"]).startswith("database away")]
    assert line["request_id"] == "r-2"


@pytest.mark.django_db(transaction=True)
def test_what_a_task_says_has_the_request_and_the_task(
    lines: list[dict[str, object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = store(2)

    def perform(row: object) -> str:
        logging.getLogger("mine").info("at work")
        return "3"

    monkeypatch.setattr(MathTask, "perform", staticmethod(perform))
    tasks.run.apply(args=(KIND.name, 0, [first, second]), headers={"request_ids": "r-3"}, throw=True)
    mine = [(line["request_id"], line["task"]) for line in lines if line["logger"] == "mine"]
    assert mine == [("r-3", f"mathtask-{first}-0"), ("r-3", f"mathtask-{second}-0")]
    [ran] = [line for line in lines if str(line["message"]).startswith("ran ")]
    assert ran["request_id"] == "r-3"
    assert "task" not in ran
    assert isinstance(ran["ms"], float)


@pytest.mark.parametrize("level", ["INFO", "ERROR"])
def test_run_sh_speaks_as_all_roles_do(level: str, tmp_path: Path) -> None:
    words = 'a "path" with \\ and %s'
    script = (ROOT / "run.sh").read_text()
    functions = script[script.index("say() {") : script.index("# --- the environment")]
    call = 'say "$1"' if level == "INFO" else 'die "$1"'
    env = {"PATH": os.environ["PATH"], "LOG_FORMAT": "json"}
    done = subprocess.run(["bash", "-c", functions + call, "x", words], env=env, capture_output=True, text=True)
    found = json.loads(done.stderr)
    assert (found["message"], found["level"], found["logger"]) == (words, level, "run.sh")
    assert done.returncode == (level == "ERROR")
