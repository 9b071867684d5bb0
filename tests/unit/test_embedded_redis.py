"""Which server ./run.sh starts in the place of Redis."""

import subprocess
from pathlib import Path

import pytest
import redis
from django.core.management import CommandError
from pytest_django import Settings

from durable.embedded.redis import redis_command
from support.waiting import wait_for


def on_path(folder: Path, name: str) -> str:
    """A command of this name in the folder."""
    path = folder / name
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return str(path)


@pytest.fixture(autouse=True)
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is all of PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def directory(command: list[str]) -> str:
    """The folder of its append-only file."""
    return command[command.index("--appenddirname") + 1]


def test_a_server_on_path_is_tried_first_and_needs_no_wheel(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("durable.embedded.redis.find_spec", lambda name: None)
    valkey = on_path(path, "valkey-server")
    assert redis_command()[0] == valkey
    found = on_path(path, "redis-server")
    assert redis_command()[0] == found


def test_neither_is_given_what_the_other_has_written(path: Path) -> None:
    on_path(path, "valkey-server")
    other = directory(redis_command())
    on_path(path, "redis-server")
    assert (directory(redis_command()), other) == ("appendonlydir", "valkey")


def test_without_any_it_is_told_how_to_get_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("durable.embedded.redis.find_spec", lambda name: None)
    with pytest.raises(CommandError, match="apt install redis-server, brew install redis"):
        redis_command()


def test_the_one_from_the_wheel_keeps_what_it_holds(tmp_path: Path, settings: Settings) -> None:
    settings.DATA_DIR, settings.REDIS_SOCKET = tmp_path, tmp_path / "redis.sock"
    command = redis_command()
    assert Path(command[0]).name == "valkey-server"
    for expected in (None, b"1"):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        try:
            wait_for(settings.REDIS_SOCKET.exists, 10, "it listens")
            client = redis.Redis(unix_socket_path=str(settings.REDIS_SOCKET))
            assert client.get("kept") == expected
            client.set("kept", 1)
            client.close()
        finally:
            process.terminate()
            assert process.wait(10) == 0
