"""How much a user writes: the lines of a rival's folder and of the work, without what is blank or said in comments."""

from collections.abc import Iterator
from pathlib import Path

from bench.rivals.roster import RIVALS, Rival

FOLDER = Path(__file__).parent
MODULES = {rival.module for rival in RIVALS.values()}


def files(rival: Rival) -> Iterator[Path]:
    """The files that count."""
    for path in sorted((FOLDER / "setups" / rival.setup).glob("*.py")):
        if path.stem == rival.module or path.stem not in MODULES:
            yield path
    yield from (FOLDER / name for name in rival.shared)


def lines(rival: Rival) -> int:
    """Of code. The bench's own count of starts is none of a user's."""
    return sum(counts(line.strip()) for path in files(rival) for line in path.read_text(encoding="utf-8").splitlines())


def counts(line: str) -> bool:
    """Whether a line is code of the user's."""
    return bool(line) and not line.startswith(("#", '"""')) and "started" not in line
