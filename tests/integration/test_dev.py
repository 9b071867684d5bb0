"""./run.sh dev: what is changed runs at once, and what is broken does not."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.embedded import ROOT, Embedded, copy_of_the_project
from support.http import ask, create, finished
from support.waiting import wait_for


class Dev(Embedded):
    """A running ./run.sh dev of a copy of the project."""

    command = ("./run.sh", "dev")

    def edit(self, name: str, change: Callable[[str], str]) -> None:
        """Change a file of the project, which is below web/."""
        path = self.folder / "web" / name
        path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")

    def settled(self) -> bool:
        """Whether no change is being taken over: its worker is ready, and so are both web processes."""
        _, changed, told = self.output.read_text().rpartition(": changed")
        return "celery.apps.worker" in told and (not changed or told.count("WSGI app 0") >= 2)

    def result(self) -> str:
        """What 8 add 2 is, according to the code that runs."""
        identity = create(self.url, "8", "add", "2")
        ended = wait_for(lambda: finished(self.url, identity), 30, "the task ends")
        return str(ended["result"])


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dev]:
    """One that runs for all tests here."""
    folder = copy_of_the_project(tmp_path_factory.mktemp("dev") / "project")
    (folder / ".venv").symlink_to(ROOT / ".venv")
    (folder / "data").mkdir()
    running = Dev(folder / "data")
    running.folder = folder
    with running:
        yield running


def test_the_worker_computes_by_the_changed_code_and_the_page_serves_on(dev: Dev) -> None:
    assert dev.result() == "10"
    dev.edit("arithmetic/operations.py", lambda code: code.replace('"+", Context.add', '"+", Context.subtract'))
    wait_for(lambda: dev.result() == "6", 30, "the changed code runs")
    dev.edit("arithmetic/operations.py", lambda code: code.replace('"+", Context.subtract', '"+", Context.add'))
    wait_for(lambda: dev.result() == "10", 30, "the code of before runs again")


def test_the_web_processes_are_replaced_without_a_failed_request(dev: Dev) -> None:
    dev.edit("config/settings.py", lambda code: code.replace('SITE_NAME = "Abacus"', 'SITE_NAME = "Calculus"'))
    wait_for(lambda: b"Calculus" in ask("GET", f"{dev.url}/").body, 30, "the page has the new name")
    dev.edit("config/settings.py", lambda code: code.replace('SITE_NAME = "Calculus"', 'SITE_NAME = "Abacus"'))
    wait_for(lambda: b"Calculus" not in ask("GET", f"{dev.url}/").body, 30, "the page has its name again")


def test_code_that_does_not_load_is_told_and_the_old_one_serves_on(dev: Dev) -> None:
    wait_for(dev.settled, 30, "what was changed before runs")
    dev.edit("arithmetic/operations.py", lambda code: code + "\nthis is no Python\n")
    try:
        wait_for(lambda: "The change waits for the next one" in dev.output.read_text(), 30, "it is told")
        assert "SyntaxError" in dev.output.read_text()
        assert dev.result() == "10"
    finally:
        dev.edit("arithmetic/operations.py", lambda code: code.replace("\nthis is no Python\n", ""))
    wait_for(dev.settled, 30, "what is whole again runs")
    assert dev.result() == "10"


def test_a_broken_save_while_the_processes_are_replaced_is_mended_by_the_next_one(dev: Dev) -> None:
    wait_for(dev.settled, 30, "what was changed before runs")
    dev.edit("arithmetic/operations.py", lambda code: code + "\nthis is no Python\n")
    try:
        (dev.data / "run" / "reload").touch()  # as the change of a moment before has it
        wait_for(lambda: ask("GET", f"{dev.url}/").status == 500, 30, "the processes met the broken code")
    finally:
        dev.edit("arithmetic/operations.py", lambda code: code.replace("\nthis is no Python\n", ""))
    wait_for(dev.settled, 30, "what is whole again runs")
    assert dev.result() == "10"


@pytest.mark.parametrize(
    ("name", "address", "old", "new"),
    [
        ("durable/templates/durable/base.html", "/", "</body>", "<i>brandnew</i></body>"),
        ("durable/static/durable/style.css", "/static/durable/style.css", "body", "body.brandnew, body"),
    ],
    ids=["template", "style"],
)
def test_a_template_and_a_style_count_from_the_next_request_on(
    dev: Dev, name: str, address: str, old: str, new: str
) -> None:
    assert b"brandnew" not in ask("GET", dev.url + address).body
    dev.edit(name, lambda text: text.replace(old, new, 1))
    assert b"brandnew" in ask("GET", dev.url + address, headers={"Cache-Control": "no-cache"}).body


def test_a_new_migration_is_run(dev: Dev, tmp_path: Path) -> None:
    code = """
from django.db import migrations, models
class Migration(migrations.Migration):
    dependencies = [("arithmetic", "LAST")]
    operations = [migrations.RunSQL("CREATE TABLE fresh (id integer)")]
"""
    folder = dev.folder / "web/arithmetic/migrations"
    last = max(path.stem for path in folder.glob("0*.py"))
    (folder / "0999_fresh.py").write_text(code.replace("LAST", last))
    wait_for(lambda: "Applying arithmetic.0999_fresh" in dev.output.read_text(), 30, "it is run")
