"""docs/make-it-yours.md, followed to the letter."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support.embedded import ROOT

MANUAL = ROOT / "docs" / "make-it-yours.md"
TRY = """
import json, django
django.setup()
from django.conf import settings
from django.core.management import call_command
from django.test import Client
settings.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
call_command("migrate", verbosity=0)
from arithmetic import services, tasks
services.publisher.put = lambda *_: None  # there is no broker
browser = Client()
made = browser.post("/api/tasks", {"x": "2", "task_type": "power", "y": "10"}, "application/json")
tasks.run([made.json()["id"]])
print(json.dumps({
    "page": browser.get("/").content.decode(),
    "created": made.status_code,
    "task": browser.get(made["Location"]).json(),
    "refused": browser.post("/api/tasks", {"x": "2", "task_type": "log", "y": "10"}, "application/json").json(),
    "openapi": browser.get("/api/openapi.json").json()["components"]["schemas"]["NewTask"],
    "filters": list(__import__("arithmetic.admin").admin.OPERATIONS),
}))
"""


def recipe() -> tuple[str, str]:
    """The entry and the file that it goes into, as the manual has them."""
    section = MANUAL.read_text(encoding="utf-8").split("## Add an operation")[1]
    entry = re.search(r"```python\n(.*?)```", section, re.DOTALL)
    file = re.search(r"`OPERATIONS` in \[(\S+)\]", section)
    assert entry
    assert file
    return entry[1], file[1]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the code."""
    return shutil.copytree(ROOT / "web", tmp_path / "web", ignore=shutil.ignore_patterns("__pycache__", "staticfiles"))


def test_an_operation_is_added_by_one_entry(copy: Path, tmp_path: Path) -> None:
    # Given the manual's entry in the manual's file
    entry, name = recipe()
    file = copy.parent / name
    head, opening, rest = file.read_text(encoding="utf-8").partition("] = {\n")
    file.write_text(head + opening + entry + rest, encoding="utf-8")
    # When the product runs
    env = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DATA_DIR": str(tmp_path),
        "DJANGO_SECRET_KEY": "k" * 50,
    }
    run = subprocess.run([sys.executable, "-c", TRY], cwd=copy, env=env, capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr
    seen = json.loads(run.stdout.splitlines()[-1])
    # Then form, list, API, OpenAPI, worker and admin know it
    assert '<option value="power">^ power</option>' in seen["page"]
    assert seen["page"].count('value="power"') == 2  # the form and the list's filter
    assert '<span class="symbol">^</span>' in seen["page"]
    assert seen["created"] == 201
    assert (seen["task"]["status"], seen["task"]["result"]) == ("success", "1024")
    assert "power" in seen["refused"]["error"]
    assert "power" in seen["openapi"]["properties"]["task_type"]["enum"]
    assert "power" in seen["filters"]


def test_every_file_that_the_manual_names_exists() -> None:
    text = MANUAL.read_text(encoding="utf-8")
    table = re.findall(r"^\| (`.+?`) \|", text, re.MULTILINE)
    names = [name for cell in table for name in re.findall(r"`([^`]+)`", cell)]
    assert len(names) > 10
    for name in names:
        found = [ROOT / "web/arithmetic" / name, ROOT / "web/arithmetic/templates/arithmetic" / name]
        assert any(path.exists() for path in found), name
    for link in re.findall(r"\]\((\.\./[^)]+)\)", text):
        assert (MANUAL.parent / link).exists(), link
