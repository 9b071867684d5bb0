"""The secret key: given or made by the first start, kept from others, and its predecessors still count."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from commands import REMOTE, load, python
from django.core.checks import Error
from pytest_django import Settings

from durable.checks import secret_key_is_long


def test_a_missing_key_says_how_to_get_one(tmp_path: Path) -> None:
    result = python("-c", "import config.settings", data=tmp_path, DJANGO_SECRET_KEY="", **REMOTE)
    assert result.returncode == 1
    assert "DJANGO_SECRET_KEY is not set; start with docker compose" in result.stderr
    assert not (tmp_path / "secret_key").exists()


def test_without_hosts_the_first_command_makes_the_key_and_all_that_come_take_it(tmp_path: Path) -> None:
    data = tmp_path / "new"
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: load(data, "SECRET_KEY", DJANGO_SECRET_KEY="")["SECRET_KEY"], range(4)))
    assert len(found[0]) >= 50
    assert set(found) == {(data / "secret_key").read_text()}
    assert (data / "secret_key").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in data.iterdir()] == ["secret_key"]


def test_a_folder_that_cannot_hold_the_key_gets_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    result = python("-c", "import config.settings", data=tmp_path / "data", DJANGO_SECRET_KEY="")
    assert "DJANGO_SECRET_KEY is not set, and none can be kept: " in result.stderr


def test_the_key_that_the_first_start_made_is_used(tmp_path: Path) -> None:
    (tmp_path / "secret_key").write_text("made-on-the-first-start\n")
    assert load(tmp_path, "SECRET_KEY", DJANGO_SECRET_KEY="") == {"SECRET_KEY": "made-on-the-first-start"}


@pytest.mark.parametrize("given", ["older,oldest", "older, oldest", "older\noldest\n"])
def test_what_earlier_keys_signed_still_counts(tmp_path: Path, given: str) -> None:
    (tmp_path / "fallbacks").write_text(given)
    path = str(tmp_path / "fallbacks")
    found = load(tmp_path, "SECRET_KEY_FALLBACKS", DJANGO_SECRET_KEY_FALLBACKS_FILE=path)
    assert found == {"SECRET_KEY_FALLBACKS": ["older", "oldest"]}
    assert load(tmp_path, "SECRET_KEY_FALLBACKS") == {"SECRET_KEY_FALLBACKS": []}


def test_a_short_key_is_refused(settings: Settings) -> None:
    settings.SECRET_KEY = "k" * 31
    (problem,) = secret_key_is_long()
    assert (type(problem), problem.id) == (Error, "durable.E002")
    assert problem.hint is not None
    assert "DJANGO_SECRET_KEY" in problem.hint
    settings.SECRET_KEY = "k" * 32
    assert secret_key_is_long() == []
