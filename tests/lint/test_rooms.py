"""Three rooms: the product (config/), the domain (arithmetic/), the engine (durable/), each of a size to be read."""

import re
from pathlib import Path

import pytest

from support.stack import ROOT

WEB = ROOT / "web"
TEXT = {".py", ".html", ".js", ".css", ".sql", ".sh", ".po", ".ini", ".svg"}
DOMAIN = re.compile(
    r"""arithmetic | math_?task | task_type | calculat | equation | decimal128
    | ["'](?: add | minus | multiply | divide )["']  # its operations
    """,
    re.IGNORECASE | re.VERBOSE,
)
COLUMNS = re.compile(r"""["'][xy]["']""")


def files(room: str) -> list[Path]:
    """The room's files of text."""
    return sorted(path for path in (WEB / room).rglob("*") if path.suffix in TEXT)


def names_the_domain(line: str, path: Path) -> bool:
    """Whether it does. The conformance suite may send any letter, as a value that is wrong."""
    return bool(DOMAIN.search(line) or ("testing" not in path.parts and COLUMNS.search(line)))


def lines(path: Path) -> int:
    """Its lines of code."""
    text = (line.strip() for line in path.read_text(encoding="utf-8").splitlines())
    return len([line for line in text if line and not line.startswith("#")])


def python_lines(room: str) -> int:
    """The room's lines of Python, without migrations."""
    return sum(lines(path) for path in files(room) if path.suffix == ".py" and "migrations" not in path.parts)


@pytest.mark.parametrize("path", files("durable"), ids=lambda path: str(path.relative_to(WEB)))
def test_nothing_of_the_engine_names_the_domain(path: Path) -> None:
    found = [
        f"{number}: {line.strip()}"
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if names_the_domain(line, path)
    ]
    assert not found


@pytest.mark.parametrize(
    "word", ["arithmetic.models", "MathTask", "math_task", "Calculate", "'add'", '"x"', "'y'", '"divide"']
)
def test_the_domain_would_be_noticed(word: str) -> None:
    assert names_the_domain(f"value = {word}", WEB / "durable/models.py")


def test_no_file_of_the_engine_is_too_long_to_be_read() -> None:
    code = [path for path in files("durable") if path.suffix not in {".po", ".svg"}]
    assert {str(path.relative_to(WEB)): lines(path) for path in code if lines(path) > 250} == {}


@pytest.mark.parametrize(("room", "most"), [("arithmetic", 300), ("config", 150)])
def test_the_domain_and_the_product_stay_small(room: str, most: int) -> None:
    assert python_lines(room) < most
