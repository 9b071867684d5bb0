"""The soak looks at all that it tells of: a sample of it, on a stack that runs."""

from pathlib import Path

import pytest

from bench import soak
from support.stack import Stack


def test_a_sample_has_every_line_of_the_table(stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(soak, "MINUTE", 2)
    before = soak.look(stack)
    sample = soak.load(stack, 20, tmp_path) | soak.look(stack)
    assert set(sample) == set(soak.LINES)
    assert sample["rows"] == before["rows"] + 20  # half of them create a task
    assert sample["failures"] == 0
    assert min(sample[f"{service} memory"] for service in soak.SERVICES) > 1
