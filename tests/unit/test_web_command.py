"""What `manage.py web` tells uWSGI."""

from pathlib import Path

import pytest
from commands import manage
from django.conf import settings
from pytest_django import Settings

from durable.management.commands.web import INI, arguments, backlog, environment, pyuwsgi


def test_it_serves_the_projects_application_from_the_projects_folder() -> None:
    given = " ".join(arguments())
    assert f"--ini {INI} --chdir {settings.BASE_DIR} --module config.wsgi:application" in given
    assert INI.exists()
    assert "reload" not in given


def test_for_development_it_replaces_its_processes_when_told(settings: Settings, tmp_path: Path) -> None:
    settings.DEV, settings.RUN_DIR = True, tmp_path
    assert arguments()[-2:] == ["--touch-workers-reload", str(tmp_path / "reload")]
    assert (tmp_path / "reload").exists()


def test_the_queue_is_no_longer_than_the_kernel_allows() -> None:
    assert 1 <= backlog() <= min(1024, int(Path("/proc/sys/net/core/somaxconn").read_text()))


def test_on_a_machine_it_listens_for_this_machine_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    assert environment() == {"WEB_BIND": "127.0.0.1:8000", "WEB_PROCESSES": "2", "WEB_THREADS": "4"}
    monkeypatch.setenv("WEB_BIND", ":8000")
    monkeypatch.setenv("HTTP_PORT", "192.168.1.2:80")  # the form that Compose takes is none of its business
    assert environment()["WEB_BIND"] == ":8000"


def test_it_finds_uwsgi_beside_its_python() -> None:
    assert Path(pyuwsgi()).exists()


def test_a_bad_value_is_told_before_it_serves(tmp_path: Path) -> None:
    result = manage("web", data=tmp_path, WEB_PROCESSES="many")
    assert result.returncode == 1
    assert "WEB_PROCESSES is 'many'; set it to a number from 1 to 1000." in result.stderr
