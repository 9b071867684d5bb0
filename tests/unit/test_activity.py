"""The operators' page: figures with their history, errors, workers, and what was done."""

import re
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest
from django.test import Client
from people import client_of
from rows import KIND, held, sign, store

from durable import counters, stats
from durable.by import By
from durable.counters import Counter
from durable.events import record, record_attempts
from durable.http import plots
from durable.http.plots import plot, rounded_up, seconds

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("plain_static")]


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """What another test saw is remembered for a second."""
    monkeypatch.setattr(stats, "memories", {})


def page(path: str, client: Client | None = None) -> str:
    """The page as text, without tags, and with single spaces."""
    response = (client or Client()).get(path)
    assert response.status_code == 200, response.content
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def done(age: int, process: str = "w/1", **numbers: int) -> None:
    """Count so many, so many seconds ago."""
    start = int(datetime.now(UTC).timestamp() - age) // 10 * 10
    Counter.objects.create(kind=KIND.name, seconds=10, start=start, process=process, **numbers)


def test_it_tells_what_waits_runs_and_failed_and_how_much_is_done() -> None:
    store(3)
    held("w/1", 2)
    sign("w", [1])
    done(30, success=600, failed=7)
    text = page("/activity")
    for told in ("waiting 3", "running 2", "failed in 10 minutes 7", "workers 1", "ended per second 10.1"):
        assert told in text, told


@pytest.mark.parametrize(("length", "step", "points"), [("10m", 10, 60), ("1h", 60, 60), ("24h", 600, 144)])
def test_each_range_is_whole_and_told_in_its_own_steps(length: str, step: int, points: int) -> None:
    done(step * 3, success=5)
    done(step * 3 + 1, process="w/2", success=6)
    found = counters.history(KIND.name, {"10m": 600, "1h": 3600, "24h": 86400}[length], step)
    assert len(found) == points
    assert sum(numbers.get("success", 0) for _, numbers in found) == 11
    assert [later[0] - earlier[0] for earlier, later in pairwise(found)] == [step] * (points - 1)
    html = Client().get(f"/activity?range={length}").content.decode()
    assert len(re.findall(r'<path class="line success"', html)) >= 1
    assert len(re.findall(r"<tr><th scope=\"row\"><time", html)) == points


def test_errors_are_grouped_and_lead_to_their_tasks() -> None:
    store(3, status="failed", error="Division by zero.")
    store(1, status="failed", error="Too large.")
    html = Client().get("/activity").content.decode()
    assert re.findall(r'<b class="count">(\d+) ×</b>', html) == ["3", "1"]
    assert 'href="/?status=failed&amp;error=Division%20by%20zero.#tasks-heading"' in html


def test_each_worker_is_there_with_what_it_does_and_has_done() -> None:
    sign("w", [1, 2])
    (task,) = held("w/1")
    done(20, process="w/1", success=40)
    done(20, process="w/2", success=2)
    text = page("/activity")
    assert re.search(rf"w mathtask {task} since [\d:]+ UTC 42 2 ", text)


def test_operators_see_what_was_done_and_may_pause() -> None:
    record("cancel", By("anna", "192.0.2.1", "r-1"), kind="mathtask", subject="7")
    record_attempts("mathtask", "w/1", "it failed", [(8, 1), (9, 1)])  # as many as tasks: grouped above
    operator = client_of("user operator")
    assert "cancel mathtask 7 anna 192.0.2.1" in page("/activity", operator)
    assert "it failed" not in page("/activity", operator)
    assert "192.0.2.1" not in page("/activity")
    answer = operator.post("/tasks/pause", {"back": "activity"})
    assert (answer.status_code, answer["Location"]) == (303, "/activity?kind=mathtask")
    assert "Resume these tasks" in page("/activity", operator)


def test_every_kind_has_its_own() -> None:
    assert "Readings" in page("/activity?kind=reading")
    for wrong in ("kind=nothing", "range=1y", "x=1"):
        assert Client().get(f"/activity?{wrong}").status_code == 400
        assert Client().get(f"/activity/now?{wrong}").status_code == 400


def test_a_minute_of_it_costs_all_viewers_one_answer() -> None:
    answer = Client().get("/activity/now?lang=en&range=1h")
    assert answer["Cache-Control"] == "public, max-age=1"


@pytest.mark.parametrize(
    ("value", "top"), [(0, 1), (1, 1), (1.1, 2), (7, 10), (10, 10), (11, 20), (499, 500), (0.3, 0.5), (0.013, 0.02)]
)
def test_a_scale_can_be_read(value: float, top: float) -> None:
    assert rounded_up(value) == pytest.approx(top)


@pytest.mark.parametrize(
    ("milliseconds", "words"),
    [(0.4, "0.4 ms"), (12, "12 ms"), (999, "999 ms"), (3400, "3.4 s"), (300_000, "5 min"), (9_000_000, "2.5 h")],
)
def test_a_time_is_told_in_the_unit_that_fits(milliseconds: float, words: str) -> None:
    assert seconds(milliseconds) == words


def test_a_gap_breaks_the_line_and_a_lonely_value_can_be_seen() -> None:
    values: Any = [1.0, 2.0, None, 1.0, None]
    drawn = plot("", plots.plain, line=("", values))
    assert drawn.top == "2"
    (line,) = drawn.lines
    assert line.path == "M0 50L150 0M447 50L453 50"
    assert line.area == "M0 100L0 50L150 0L150 100Z"
    assert line.now == "–"
