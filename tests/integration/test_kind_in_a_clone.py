"""docs/make-it-yours.md in this repository: a kind beside the arithmetic, in its place, and one more operation."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support.embedded import ROOT
from support.guide import OWN, Block, blocks

TRY = """
import json, django
django.setup()
from django.conf import settings
from django.core.management import call_command
from django.test import Client
settings.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
settings.ALLOWED_HOSTS = ["testserver"]
call_command("check", verbosity=0)
call_command("makemigrations", "--check", "--dry-run", verbosity=0)
call_command("migrate", verbosity=0)
from durable import tasks, services
services.publisher.put = lambda *_: None  # there is no broker
browser, given = Client(), json.loads(GIVEN)
made = browser.post(given["api"], given["inputs"], "application/json")
kind = __import__("durable.kinds").kinds.get(given["kind"])
tasks.run(kind.name, 0, [made.json()["id"]])
print(json.dumps({
    "created": made.status_code,
    "task": browser.get(made["Location"]).json(),
    "page": browser.get(given["page"]).content.decode(),
    "pages": {path: browser.get(path).status_code for path in ("/", "/reading/", "/api/reading", "/api/openapi.json")},
    "refused": browser.post(given["api"], {**given["inputs"], "task_type": "log"}, "application/json").json(),
    "openapi": browser.get("/api/openapi.json").content.decode(),
}))
"""


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """The code of a clone, with the kind of the guide beside the arithmetic."""
    folder = tmp_path / "abacus"
    shutil.copytree(ROOT / "web", folder / "web", ignore=shutil.ignore_patterns("__pycache__", "staticfiles"))
    app = folder / "web" / "readings"
    (app / "migrations").mkdir(parents=True)
    (app / "__init__.py").touch()
    (app / "migrations" / "__init__.py").touch()
    block(OWN, "readings/models.py").write(folder / "web")
    return folder


def block(section: str, title: str) -> Block:
    """A section's file."""
    return next(block for block in blocks(section) if block.title == title)


def tried(clone: Path, kind: str, **given: object) -> dict[str, object]:
    """What its pages say."""
    env = {
        **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
        "DJANGO_SETTINGS_MODULE": "config.settings", "DATA_DIR": str(clone / "data"),
    }  # fmt: skip
    manage = [sys.executable, "manage.py"]
    if kind == "reading":
        subprocess.run([*manage, "makemigrations", "readings"], cwd=clone / "web", env=env, check=True, timeout=60)
    script = TRY.replace("GIVEN", repr(json.dumps({"kind": kind, **given})))
    run = subprocess.run([sys.executable, "-c", script], cwd=clone / "web", env=env, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    seen: dict[str, object] = json.loads(run.stdout.splitlines()[-1])
    return seen


TEXT = {"text": "One two three four", "language": "en"}


def test_a_kind_lives_beside_the_arithmetic(clone: Path) -> None:
    block("Beside the arithmetic", "web/config/settings.py").write(clone)
    seen = tried(clone, "reading", api="/api/reading", page="/reading/", inputs=TEXT)
    assert seen["created"] == 201
    assert seen["task"]["words"] == 4  # type: ignore[index]
    assert set(seen["pages"].values()) == {200}  # type: ignore[attr-defined]


def test_a_kind_takes_the_place_of_the_arithmetic(clone: Path) -> None:
    block("Without the arithmetic", "web/config/settings.py").write(clone)
    shutil.rmtree(clone / "web" / "arithmetic")
    seen = tried(clone, "reading", api="/api/tasks", page="/", inputs=TEXT)
    assert seen["created"] == 201
    assert seen["task"]["reading_seconds"] == 1  # type: ignore[index]
    assert 'name="language"' in str(seen["page"])
    assert "task_type" not in str(seen["openapi"])


def test_an_operation_is_added_by_one_entry(clone: Path) -> None:
    block("One more operation", "web/arithmetic/operations.py").write(clone)
    shutil.rmtree(clone / "web" / "readings")
    inputs = {"x": "2", "task_type": "power", "y": "10"}
    seen = tried(clone, "mathtask", api="/api/tasks", page="/", inputs=inputs)
    # Form, list, API, OpenAPI and worker know it
    assert '<option value="power">^ power</option>' in str(seen["page"])
    assert str(seen["page"]).count('value="power"') == 2  # the form and the list's filter
    assert '<span class="symbol">^</span>' in str(seen["page"])
    assert seen["created"] == 201
    assert seen["task"]["result"] == "1024"  # type: ignore[index]
    assert "power" in seen["refused"]["error"]  # type: ignore[index]
    assert '"power"' in str(seen["openapi"])
