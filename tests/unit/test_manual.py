"""The failure manual, and that of several machines, name tests; each of them exists."""

import ast
import re

import pytest

from support.stack import ROOT

MANUAL = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
MACHINES = (ROOT / "docs" / "several-machines.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", MANUAL + MACHINES)))


@pytest.mark.parametrize(("path", "name"), NAMED)
def test_a_test_that_the_manual_names_exists(path: str, name: str) -> None:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    assert name in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_every_entry_names_a_test() -> None:
    entries = re.split(r"^## ", MANUAL, flags=re.MULTILINE)[1:]
    assert len(entries) > 10
    assert [entry.splitlines()[0] for entry in entries if "Test: `tests/" not in entry] == []
