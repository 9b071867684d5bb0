"""docs/make-it-yours.md as it is followed: its code blocks, in their order."""

import re
from dataclasses import dataclass
from pathlib import Path

from support.embedded import ROOT

GUIDE = ROOT / "docs" / "make-it-yours.md"
OWN = "A product of your own"
BLOCK = re.compile(r"^```(\w+)(.*?)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
WORD = re.compile(r"""(\w+)=(?:"([^"]*)"|'([^']*)')""")


@dataclass(frozen=True)
class Block:
    """One block: its language, what its first line says beside it, and its text."""

    language: str
    title: str
    replaces: str
    after: str
    text: str

    def write(self, folder: Path) -> None:
        """Put it where its title says: as the whole file, instead of a line, or behind one."""
        file = folder / self.title
        if anchor := self.replaces or self.after:
            before = file.read_text(encoding="utf-8")
            assert before.count(f"{anchor}\n") == 1, f"{self.title} has no line {anchor}"
            after = f"{self.after}\n{self.text}" if self.after else self.text
            file.write_text(before.replace(f"{anchor}\n", after), encoding="utf-8")
        else:
            assert file.parent.is_dir(), f"nothing has made the folder of {self.title}"
            file.write_text(self.text, encoding="utf-8")


def blocks(section: str) -> list[Block]:
    """The blocks of a section, by the words of its heading."""
    text = GUIDE.read_text(encoding="utf-8").partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    assert text, f"the guide has no section {section}"
    found = []
    for language, words, body in BLOCK.findall(text):
        named = {name: double or single for name, double, single in WORD.findall(words)}
        found.append(Block(language, named.get("title", ""), named.get("replaces", ""), named.get("after", ""), body))
    return found


def lines(block: Block) -> int:
    """How many lines somebody writes."""
    return len([line for line in block.text.splitlines() if line.strip()])
