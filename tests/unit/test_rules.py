"""The alert rules: each says what to do and where the manual tells more, and names nothing that is not told."""

import re
from functools import cache
from typing import Any

import pytest
import yaml

from durable.counters import COUNTS
from durable.http import families
from durable.metrics import Seen, Tasks, Workers
from support.prometheus import TESTS, rules
from support.stack import ROOT

ALERTS = [rule for rule in rules() if "alert" in rule]
RECORDS = {rule["record"]: rule["expr"] for rule in rules() if "record" in rule}
COMPARES = re.compile(r'(abacus:[\w:]+)(\{\w+="\w+"\})? (==|<|>) [\d.]+')
MANUAL = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")


def anchor(title: str) -> str:
    """What a heading is linked by."""
    return re.sub(r"[^\w\- ]", "", title.strip().lower()).replace(" ", "-")


ANCHORS = {anchor(title) for title in re.findall(r"^## (.+)$", MANUAL, flags=re.MULTILINE)}


@cache
def told() -> set[str]:
    """The names of all samples of /metrics, and uWSGI's."""
    seen = Seen(
        held={},
        workers=Workers({"w": 0.0}, {"consuming": 1, "deaf": 0, "gone": 0}, 1, 0),
        swept=True,
        tasks={"a": Tasks({"tasks": 0}, {"tasks": 0}, {"tasks": 0.0}, 0, 0.0, False)},
        counted={("a", "tasks"): families_zero()},
        tallied={},
    )
    found = {sample.name for family in families.of(seen) for sample in family.samples}
    return found | {"uwsgi_listen_queue", "uwsgi_listen_queue_limit"}


def families_zero() -> dict[str, int]:
    """Nothing of everything."""
    return dict.fromkeys(COUNTS, 0)


@pytest.mark.parametrize("alert", ALERTS, ids=lambda rule: rule["alert"])
def test_an_alert_compares_one_recorded_name_with_a_number(alert: dict[str, Any]) -> None:
    found = COMPARES.fullmatch(alert["expr"])
    assert found, alert["expr"]
    assert found[1] in RECORDS


def test_each_recorded_name_is_compared() -> None:
    used = {found[1] for alert in ALERTS if (found := COMPARES.fullmatch(alert["expr"]))}
    assert used == set(RECORDS)


@pytest.mark.parametrize("alert", ALERTS, ids=lambda rule: rule["alert"])
def test_an_alert_says_what_to_do_and_where_the_manual_tells_more(alert: dict[str, Any]) -> None:
    notes = alert["annotations"]
    assert set(notes) == {"summary", "do", "manual"}
    assert all(notes[name].endswith(".") for name in ("summary", "do"))
    assert alert["labels"]["severity"] in {"info", "warning", "critical"}
    path, _, section = notes["manual"].partition("#")
    assert path == "docs/operations.md"
    assert section in ANCHORS


@pytest.mark.parametrize("name", RECORDS)
def test_a_rule_names_what_is_told(name: str) -> None:
    for metric in re.findall(r"\b(?:durable|uwsgi)_\w+", RECORDS[name]):
        assert metric in told(), metric


@pytest.mark.parametrize("alert", ALERTS, ids=lambda rule: rule["alert"])
def test_an_alert_has_a_test_of_promtools(alert: dict[str, Any]) -> None:
    tests = {each["name"]: each for each in yaml.safe_load(TESTS.read_text())["tests"]}
    assert alert["alert"] in str(tests[alert["alert"]]["promql_expr_test"])
    given = {re.split(r"[{]", series["series"])[0] for series in tests["a stack that is well"]["input_series"]}
    assert len(given) > 15
