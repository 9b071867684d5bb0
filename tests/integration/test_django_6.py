"""The tests of jobs once more with Django 6, where django.tasks is a part of Django, on a Python that it runs on."""

import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from support.stack import ROOT

PYTHONS = ("3.13", "3.12")  # Django 6 needs one of them
LEFT_OUT = re.compile(r"(django|django-tasks|pyuwsgi)[~=]")  # what is another one there, or not needed


def python() -> list[str]:
    """A command that runs one, or nothing. A version manager's stand-in has to be told which of its own is meant."""
    for version in PYTHONS:
        for chosen in ("", *managed(version)):
            command = ["env", f"PYENV_VERSION={chosen}", f"python{version}"]
            if subprocess.run([*command, "--version"], capture_output=True).returncode == 0:
                return command
    return []


def managed(version: str) -> list[str]:
    """Those of pyenv."""
    if not shutil.which("pyenv"):
        return []
    known = subprocess.run(["pyenv", "versions", "--bare"], capture_output=True, text=True).stdout.split()
    return [each for each in known if each.startswith(version)]


def test_jobs_run_with_django_6(tmp_path: Path) -> None:
    command = python()
    if not command:
        pytest.skip(f"there is no Python {' or '.join(PYTHONS)}, and Django 6 runs on nothing older")
    subprocess.run([*command, "-m", "venv", tmp_path], check=True, timeout=120)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = [each for each in project["dependencies"] if not LEFT_OUT.match(each)]
    needed += ["django~=6.0.0", *project["optional-dependencies"]["embedded"], "pytest~=9.0", "pytest-django~=4.11"]
    subprocess.run([tmp_path / "bin/pip", "install", "-q", *needed], check=True, timeout=600)
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "PYTHON"))}
    options = ["--noconftest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly"]
    files = sorted(ROOT.glob("tests/unit/test_job*.py"))
    tests: list[str | Path] = [tmp_path / "bin/python", "-m", "pytest", *options, *files]
    told = subprocess.run(tests, cwd=ROOT, env=env, capture_output=True, text=True, timeout=600)
    assert told.returncode == 0, told.stdout + told.stderr
    assert re.search(r"\n\d{2} passed", told.stdout), told.stdout
