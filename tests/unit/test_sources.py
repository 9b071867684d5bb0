"""Which files ./run.sh dev watches."""

import os
from pathlib import Path

import pytest
from django.conf import settings

from durable.embedded.sources import Sources, own_folders
from support.stack import ROOT


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project's folder with code, and with what is no code of its own."""
    for name in ("shop/models.py", "shop/locale/zh/django.mo", ".git/hook.py", "env/pyvenv.cfg", "env/lib/other.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    return tmp_path


def names(paths: set[Path]) -> set[str]:
    return {path.name for path in paths}


def test_code_and_translations_are_watched_and_nothing_else(project: Path) -> None:
    assert names(set(Sources([project]).seen)) == {"models.py", "django.mo"}


def test_a_change_is_told_once(project: Path) -> None:
    sources = Sources([project])
    assert sources.changed() == set()
    os.utime(project / "shop/models.py", (1, 1))
    assert names(sources.changed()) == {"models.py"}
    assert sources.changed() == set()


def test_a_file_that_comes_or_goes_is_a_change(project: Path) -> None:
    sources = Sources([project])
    (project / "shop/new.py").write_text("")
    assert names(sources.changed()) == {"new.py"}
    (project / "shop/models.py").unlink()
    assert names(sources.changed()) == {"models.py"}


def test_apps_that_are_installed_as_packages_are_left_out() -> None:
    folders = own_folders()
    assert {settings.BASE_DIR, ROOT / "web/arithmetic", ROOT / "web/durable"} <= folders
    assert not [folder for folder in folders if "django" in folder.parts]
