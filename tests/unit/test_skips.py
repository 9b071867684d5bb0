"""How a run of the tests ends, and what it leaves behind."""

import os
import subprocess
import sys
from pathlib import Path

from support.stack import ROOT

SKIPPING = """
import pytest

@pytest.mark.parametrize("number", range(5))
def test_one(number):
    pytest.skip("no Docker Engine answers: start it")

def test_two():
    pytest.skip("no Docker Engine answers: start it")

def test_three():
    pytest.skip("no Chromium on PATH: install it")

def test_four():
    pass
"""


def run(folder: Path, *arguments: str) -> list[str]:
    """The last lines of a run of these tests, which has the folder for what is temporary."""
    (folder / "test_skipping.py").write_text(SKIPPING)
    (folder / "tmp").mkdir()
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": f"{ROOT}/tests:{ROOT}/web:{ROOT}", "TMPDIR": str(folder / "tmp")}
    command = [sys.executable, "-m", "pytest", "-p", "support.skips", "-p", "no:cacheprovider", *arguments]
    options = ["-c", str(ROOT / "pyproject.toml"), "--rootdir", str(folder), str(folder / "test_skipping.py")]
    result = subprocess.run([*command, *options], env=env, cwd=folder, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout.splitlines()


def test_what_was_skipped_is_one_line_per_reason_and_the_last_line_is_pytests_own(tmp_path: Path) -> None:
    *_, many, one, last = run(tmp_path, "-n", "0")
    assert many == "6 skipped: no Docker Engine answers: start it"
    assert one == "1 skipped: no Chromium on PATH: install it"
    assert "1 passed, 7 skipped in" in last


def test_nothing_temporary_is_left_but_pytests_own_folders(tmp_path: Path) -> None:
    run(tmp_path, "-n", "0")
    assert [path.name for path in (tmp_path / "tmp").iterdir() if not path.name.startswith("pytest-of-")] == []
