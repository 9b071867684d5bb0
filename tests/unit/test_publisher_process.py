"""The publisher at the two moments that only a process of its own can show: its end, and a fork."""

import time
from pathlib import Path

from commands import python

PREAMBLE = """
import os, sys, time
import django
django.setup()
from durable.publisher import Publisher
def send(kind, round, ids, requests, queue):
    {before}
    with open(sys.argv[1], "a") as file:
        file.write(f"{{name}} {{list(ids)}}\\n")
name = "parent"
publisher = Publisher(send, size=500, window=0)
"""


def script(data: Path, body: str, before: str = "pass") -> list[str]:
    """Run the lines in a process of their own; what was sent in it."""
    out = data / "sent"
    text = PREAMBLE.format(before=before) + body
    result = python("-W", "ignore", "-c", text, str(out), data=data, DJANGO_SETTINGS_MODULE="config.settings")
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    return sorted(out.read_text().splitlines())


def test_what_was_handed_over_is_sent_at_the_end_of_the_process(tmp_path: Path) -> None:
    assert script(tmp_path, 'publisher.put("sum", 1)', before="time.sleep(0.5)") == ["parent [1]"]


def test_a_dead_broker_does_not_hold_the_end_of_the_process(tmp_path: Path) -> None:
    started = time.monotonic()
    (tmp_path / "sent").touch()
    assert script(tmp_path, 'publisher.put("sum", 1)', before="time.sleep(60)") == []
    assert time.monotonic() - started < 30


def test_a_fork_has_a_thread_of_its_own_and_leaves_the_rest_to_the_parent(tmp_path: Path) -> None:
    # The parent's lock is held and its broker hangs while it forks: none of it may reach the child.
    body = """
publisher.put("sum", 1)
while publisher._waiting: time.sleep(0.01)
publisher.put("sum", 2)
with publisher._changed:
    child = os.fork()
    if not child:
        name = "child"
if child:
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    open(sys.argv[1] + ".go", "w").close()
    sys.exit(code)
publisher.put("sum", 3)
"""
    waiting = 'while name == "parent" and not os.path.exists(sys.argv[1] + ".go"): time.sleep(0.01)'
    assert script(tmp_path, body, before=waiting) == ["child [3]", "parent [1]", "parent [2]"]
