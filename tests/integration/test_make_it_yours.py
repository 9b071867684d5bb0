"""docs/make-it-yours.md, followed to the letter: from an empty folder to a page in a browser."""

import csv
import io
import os
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import pytest
from playwright.sync_api import Page, expect

from support.embedded import ROOT, Embedded
from support.guide import GUIDE, OWN, blocks, lines
from support.http import ask
from support.waiting import wait_for

SERVE = "python manage.py embedded\n"
SCRIPTS = ("django-admin", "pyuwsgi")


class Product(Embedded):
    """What the guide makes, running."""

    printed = ""

    def __init__(self, folder: Path, env: dict[str, str]) -> None:
        super().__init__(folder / "data")
        self.folder = folder
        self.data.mkdir(exist_ok=True)
        self.env = {**env, "DATA_DIR": str(self.data), "HTTP_PORT": str(self.port)}

    def start(self, wait: bool = True) -> Self:
        """As the guide says, on a port of its own."""
        self.output = self.data / "output.log"
        with self.output.open("ab") as file:
            command = ["bash", "-c", f"exec {SERVE}"]
            self.process = subprocess.Popen(command, cwd=self.folder, env=self.env, stdout=file, stderr=file)
        wait_for(self.answers, 60, f"{self.url} answers")
        return self


class Reader:
    """Somebody who follows the guide, in a folder of his own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.there, self.suite = folder, folder, ""  # the last: how the suite is run
        clone = folder / "abacus"
        clone.mkdir()
        for name in ("pyproject.toml", "README.md", "LICENSE", "web"):
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, clone / name, ignore=shutil.ignore_patterns("__pycache__", "staticfiles"))
            elif (ROOT / name).exists():
                shutil.copy(ROOT / name, clone)
        kept = ("PATH", "HOME", "LANG", "PIP_INDEX_URL", "PIP_CONFIG_FILE", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")
        self.env = {name: os.environ[name] for name in kept if name in os.environ}
        self.env["PIP_DISABLE_PIP_VERSION_CHECK"] = "1"
        # The Python of these tests: the dependencies are made for it.
        tools = folder / "bin"
        tools.mkdir()
        base = Path(getattr(sys, "_base_executable", sys.executable))
        (tools / "python3").symlink_to(base)
        self.env["PATH"] = f"{tools}:{self.env['PATH']}"

    def shell(self, text: str) -> str:
        """Type these lines, one after another; where they lead to, and their `activate`, stays."""
        told = f"set -e\n{text}\necho\npwd\necho $PATH\n"
        result = subprocess.run(
            ["bash", "-c", told], cwd=self.there, env=self.env, capture_output=True, text=True, timeout=180
        )
        assert result.returncode == 0, f"{text}\n{result.stdout}\n{result.stderr}"
        output, there, path = result.stdout.rstrip("\n").rsplit("\n", 2)
        self.there, self.env["PATH"] = Path(there), path
        return output

    def install(self, text: str) -> None:
        """The same, where the dependencies need not come over the network: those of these tests are lent."""
        make, rest = text.split("\n", 1)
        self.shell(make)
        (site,) = (self.folder / "venv" / "lib").glob("python*/site-packages")
        (site / "lent.pth").write_text(sysconfig.get_paths()["purelib"])
        scripts = self.folder / "venv" / "bin"
        for name in SCRIPTS:
            script = (Path(sys.executable).parent / name).read_text(encoding="utf-8").split("\n", 1)[1]
            (scripts / name).write_text(f"#!{scripts / 'python'}\n{script}", encoding="utf-8")
            (scripts / name).chmod(0o755)
        self.shell(rest)


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Reader:
    """He has done all that comes before the start; the suite has run over his kind, too."""
    reader = Reader(tmp_path_factory.mktemp("reader"))
    before = blocks(OWN)[: [block.text for block in blocks(OWN)].index(SERVE)]
    for block in before:
        if block.language == "python":
            block.write(reader.there)
        elif block.text.startswith("python3 -m venv"):
            reader.install(block.text)
        elif "pytest" not in block.text:
            reader.shell(block.text)
        else:
            make, test = block.text.splitlines()
            reader.shell(make)
            reader.suite = test
    return reader


@pytest.fixture(scope="module")
def product(reader: Reader) -> Iterator[Product]:
    """What he sees at http://127.0.0.1:8000, once he has typed what the guide has for the other terminal."""
    typed = next(block for block in blocks(OWN) if "curl" in block.text)
    with Product(reader.there, reader.env) as running:
        running.printed = reader.shell(typed.text.replace("127.0.0.1:8000", f"127.0.0.1:{running.port}"))
        yield running


def test_it_is_less_than_sixty_lines() -> None:
    written = [block for block in blocks(OWN) if block.language == "python"]
    assert len(written) == 3
    assert sum(map(lines, written)) < 60


def test_the_suite_proves_the_new_kind(reader: Reader) -> None:
    output = reader.shell(f"{reader.suite} -q -p no:cacheprovider -p no:randomly")
    assert re.search(r"\n\d{3} passed", output) or re.search(r"\n\d{2} passed", output), output
    assert "failed" not in output


def test_what_is_typed_into_another_terminal_prints_what_the_guide_says(product: Product) -> None:
    said = next(block for block in blocks(OWN) if block.language == "csv")
    printed = product.printed
    assert '"status": "created"' in printed
    expected = list(csv.reader(io.StringIO(said.text)))
    rows = list(csv.reader(io.StringIO(printed.replace("\r", "")[printed.index("id,text") :])))
    assert rows[: len(expected)] == expected


def test_the_page_creates_a_task_and_shows_its_outputs(product: Product, browser_page: Page) -> None:
    browser_page.goto(product.url)
    form = browser_page.locator("#task-form")
    form.get_by_label("Text").fill("One two three four five six seven eight")
    form.get_by_label("Language").select_option(label="English")
    form.get_by_role("button", name="Create").click()
    row = browser_page.locator("tr[data-id]").first
    expect(row).to_have_attribute("data-status", "success", timeout=15_000)
    expect(row).to_contain_text("English")
    expect(row.locator(".outcome")).to_have_text(["8", "2"])


def test_the_page_retries_what_failed_and_cancels_what_waits(product: Product, browser_page: Page) -> None:
    made = ask("POST", f"{product.url}/api/tasks", {"text": " ", "language": "en"}).json()
    browser_page.goto(f"{product.url}/?id={made['id']}")
    row = browser_page.locator(f"#task-{made['id']}")
    expect(row).to_have_attribute("data-status", "failed", timeout=15_000)
    expect(row).to_contain_text("There is not a single word in it.")
    before = ask("GET", f"{product.url}/api/tasks/{made['id']}").json()
    row.get_by_role("button", name="Retry").click()
    wait_for(lambda: is_retried(product, before), 15, "it has failed once more")
    # Nobody works, so there is something to cancel
    workers = product.pids("worker")
    assert workers
    for pid in workers:
        os.kill(pid, signal.SIGSTOP)
    try:
        waiting = ask("POST", f"{product.url}/api/tasks", {"text": "Stop.", "language": "en"}).json()
        browser_page.goto(product.url)
        browser_page.locator(f"#task-{waiting['id']}").get_by_role("button", name="Cancel").click()
        told = f"{product.url}/api/tasks/{waiting['id']}"
        wait_for(lambda: ask("GET", told).json()["status"] == "cancelled", 10, "it is cancelled")
    finally:
        for pid in workers:
            os.kill(pid, signal.SIGCONT)


def is_retried(product: Product, before: dict[str, object]) -> bool:
    """Whether it has ended anew."""
    told = ask("GET", f"{product.url}/api/tasks/{before['id']}").json()
    return bool(told["status"] == "failed" and told["update_time"] > before["update_time"])


def test_the_page_takes_a_file_and_gives_its_results(product: Product, browser_page: Page, tmp_path: Path) -> None:
    file = tmp_path / "texts.csv"
    file.write_text('language,text\nen,"a b, c"\nde,=1+1\n', encoding="utf-8")
    browser_page.goto(product.url)
    if not browser_page.locator("#file").is_visible():
        browser_page.get_by_role("link", name="From a CSV file").click()
    browser_page.locator("#file").set_input_files(file)
    with browser_page.expect_response(lambda answer: answer.request.method == "POST") as sent:
        browser_page.get_by_role("button", name="Create the tasks").click()
    assert sent.value.status == 201
    batch = max(ask("GET", f"{product.url}/api/batches").json()["items"], key=lambda batch: int(batch["id"]))["id"]
    expect(browser_page.locator(f"#batch-{batch}")).to_contain_text("2 of 2 ended", timeout=15_000)
    browser_page.goto(f"{product.url}/batches/{batch}")
    link = browser_page.get_by_role("link", name="Results (CSV)")
    address = f"{product.url}{link.get_attribute('href')}"
    rows = list(csv.DictReader(io.StringIO(ask("GET", address).body.decode())))
    assert [(row["text"], row["words"]) for row in rows] == [("a b, c", "3"), ("'=1+1", "1")]


def test_every_link_of_the_guide_leads_somewhere() -> None:
    text = GUIDE.read_text(encoding="utf-8")
    for link in re.findall(r"\]\((\.\./[^)#]+)\)", text):
        assert (GUIDE.parent / link).exists(), link
    heads = {head.lower().replace(" ", "-") for head in re.findall(r"^##+ (.*)$", text, re.MULTILINE)}
    assert set(re.findall(r"\]\(#([^)]+)\)", text)) <= heads
