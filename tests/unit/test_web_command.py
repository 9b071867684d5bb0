"""What `manage.py web` tells uWSGI."""

from pathlib import Path

import pytest
from commands import manage
from django.conf import settings
from pytest_django import Settings

from durable.management.commands.web import INI, LANES, arguments, backlog, pyuwsgi, variables


def test_it_serves_the_projects_application_from_the_projects_folder() -> None:
    given = " ".join(arguments(LANES["fast"]))
    assert f"--ini {INI} --ini {INI}:fast --chdir {settings.BASE_DIR} --module config.wsgi:application" in given
    assert INI.exists()
    assert "reload" not in given
    assert "--need-app" in given


def test_json_lines_are_one_more_file(settings: Settings) -> None:
    more = str(INI.with_name("uwsgi-json.ini"))
    assert more not in arguments(LANES["fast"])
    settings.LOG_FORMAT = "json"
    assert all(more in arguments(lane) for lane in LANES.values())
    assert Path(more).exists()


def test_for_development_it_replaces_its_processes_when_told(settings: Settings, tmp_path: Path) -> None:
    settings.DEV, settings.RUN_DIR = True, tmp_path
    assert arguments(LANES["fast"])[-2:] == ["--touch-workers-reload", str(tmp_path / "reload")]
    assert (tmp_path / "reload").exists()
    assert "--need-app" not in arguments(LANES["fast"])  # a broken save between two reloads must not end it


def test_the_queue_is_no_longer_than_the_kernel_allows() -> None:
    assert 1 <= backlog() <= min(1024, int(Path("/proc/sys/net/core/somaxconn").read_text()))


def test_on_a_machine_it_listens_for_this_machine_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    fast = LANES["fast"]
    common = {"WEB_PROCESSES": "2", "WEB_THREADS": "4", "WEB_LANE": "fast"}
    assert variables(fast) == {"WEB_BIND": "127.0.0.1:8000", **common}
    monkeypatch.setenv("WEB_BIND", ":8000")
    monkeypatch.setenv("HTTP_PORT", "192.168.1.2:80")  # the form that Compose takes is none of its business
    assert variables(fast)["WEB_BIND"] == ":8000"


def test_the_lane_for_bulk_has_its_own_address_and_threads_and_nothing_that_ends_its_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bulk = LANES["bulk"]
    monkeypatch.setenv("WEB_BIND", ":8000")
    monkeypatch.setenv("BULK_BIND", ":8001")
    monkeypatch.setenv("WEB_THREADS", "2")
    rest = {"WEB_PROCESSES": "1", "WEB_THREADS": "8", "WEB_LANE": "bulk"}
    assert variables(bulk) == {"WEB_BIND": ":8001", **rest}
    assert f"{INI}:fast" not in arguments(bulk)
    common, _, fast = INI.read_text().partition("[fast]")
    for option in ("harakiri", "max-requests"):
        assert f"\n{option} = " in fast
        assert f"\n{option} = " not in common


def test_a_lane_that_there_is_not_is_refused(tmp_path: Path) -> None:
    result = manage("web", "slow", data=tmp_path)
    assert result.returncode == 1 or result.returncode == 2
    assert "invalid choice: 'slow'" in result.stderr


def test_it_finds_uwsgi_beside_its_python() -> None:
    assert Path(pyuwsgi()).exists()


def test_a_bad_value_is_told_before_it_serves(tmp_path: Path) -> None:
    result = manage("web", data=tmp_path, WEB_PROCESSES="many")
    assert result.returncode == 1
    assert "WEB_PROCESSES is 'many'; set it to a number from 1 to 1000." in result.stderr
