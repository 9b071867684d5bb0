"""axe-core, the accessibility checker: fetched by npm once, in one pinned version, and given to the page from disk."""

import hashlib
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from support.needs import need

VERSION = "4.10.3"
SHA512 = (
    "5e6edba515e70d25f6604d9815f064d859c5d1ea7ab661bbc4f87c88779ef0c2"
    "1cae0abbeb636471ef39e9d62d2582e4b88a1866f19f4ecfcf6d986275e4dc12"
)
CACHE = Path(__file__).resolve().parent.parent.parent / ".pytest_cache"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def axe_script() -> str:
    """The checker's source; skips where npm is missing, fails where the package is another than it was."""
    package = CACHE / f"axe-core-{VERSION}.tgz"
    if not package.exists():
        fetch()
    digest = hashlib.sha512(package.read_bytes()).hexdigest()
    assert digest == SHA512, f"{package} is not the pinned axe-core: delete it and look where it came from"
    with tarfile.open(package) as archive:
        script = archive.extractfile("package/axe.min.js")
        assert script
        return script.read().decode()


def fetch() -> None:
    """Put the package into the cache, whole or not at all."""
    if not shutil.which("npm"):
        need("no npm on PATH: install it (apt install npm) to check accessibility with axe-core")
    with tempfile.TemporaryDirectory() as folder:
        command = ["npm", "pack", "--silent", f"axe-core@{VERSION}"]
        result = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
        if result.returncode:
            need(f"npm cannot fetch axe-core (is the registry reachable?): {result.stderr.strip()[-200:]}")
        CACHE.mkdir(parents=True, exist_ok=True)
        shutil.move(Path(folder) / f"axe-core-{VERSION}.tgz", CACHE)


def violations(page: Page, script: str) -> list[Any]:
    """What axe-core finds wrong on the page: [rule, help, elements]."""
    page.evaluate(script)
    found: list[Any] = page.evaluate(
        """async (tags) => (await axe.run({ runOnly: { type: "tag", values: tags } })).violations
           .map(({ id, help, nodes }) => [id, help, nodes.map((node) => node.html.slice(0, 200))])""",
        RULES,
    )
    return found
