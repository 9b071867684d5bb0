"""A folder whose content is believed is this user's alone, else nothing starts."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from commands import environment, manage, python
from django.core.exceptions import ImproperlyConfigured

from durable.folders import own_folder
from support.stack import ROOT

OTHER = 65534  # nobody


def test_it_is_made_for_this_user_alone(tmp_path: Path) -> None:
    made = own_folder(tmp_path / "a" / "run", "x")
    assert made.stat().st_mode & 0o777 == 0o700
    assert own_folder(made, "x") == made


@pytest.mark.parametrize(
    ("plant", "words"),
    [
        (lambda path: path.symlink_to(path.parent), "is a link"),
        (lambda path: path.symlink_to("/nowhere/at/all"), "cannot be made"),
        (lambda path: path.write_text("x"), "cannot be made"),
        (lambda path: (path.mkdir(), path.chmod(0o777)), "may be written by others"),
        (lambda path: (path.mkdir(), path.chmod(0o775)), "may be written by others"),
    ],
    ids=["a link", "a dangling link", "a file", "for all", "for a group"],
)
def test_what_others_may_write_is_refused(tmp_path: Path, plant: Callable[[Path], object], words: str) -> None:
    plant(tmp_path / "run")
    with pytest.raises(ImproperlyConfigured, match=f"{tmp_path}/run {words}.*remove it, or do this."):
        own_folder(tmp_path / "run", "do this")


@pytest.fixture
def planted(tmp_path: Path) -> Path:
    """A folder that another user has made where we are going to look."""
    if os.geteuid():
        pytest.skip("only root can give a folder to another user: run these tests in a container")
    folder = tmp_path / "planted"
    folder.mkdir()
    os.chown(folder, OTHER, OTHER)
    return folder


@pytest.mark.parametrize("role", ["web", "worker", "clockwork"])
def test_no_role_starts_in_another_users_folder(tmp_path: Path, planted: Path, role: str) -> None:
    (planted / "planted").write_bytes(b"a pickle")
    result = manage(role, data=tmp_path, RUN_DIR=str(planted), CELERY_BROKER_URL="memory://")
    assert result.returncode != 0
    assert f"The folder {planted} belongs to another user: remove it, or set RUN_DIR" in result.stderr
    assert [path.name for path in planted.iterdir()] == ["planted"]


def test_run_sh_says_the_same(tmp_path: Path, planted: Path) -> None:
    env = environment(tmp_path, RUN_DIR=str(planted), DRAIN_SECONDS="1")
    result = subprocess.run([ROOT / "run.sh", "web"], env=env, capture_output=True, text=True, timeout=60)
    assert result.returncode != 0
    assert "belongs to another user" in result.stderr


def test_a_socket_is_not_looked_for_in_another_users_folder(tmp_path: Path) -> None:
    if os.geteuid():
        pytest.skip("only root can give a folder to another user: run these tests in a container")
    script = "from durable.databases import REDIS_SOCKET; print(REDIS_SOCKET)"
    long = tmp_path / ("d" * 120)
    env = {"DJANGO_SETTINGS_MODULE": "config.settings"}
    folder = Path(python("-c", script, data=long, **env).stdout.strip()).parent
    try:
        os.chown(folder, OTHER, OTHER)
        result = python("-c", script, data=long, **env)
    finally:
        folder.rmdir()
    assert result.returncode != 0
    assert (
        f"The folder {folder} belongs to another user: remove it, or set DATA_DIR to a shorter path." in result.stderr
    )
