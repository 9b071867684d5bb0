"""What the cache writes, and what it makes of what somebody else wrote there."""

import json
import pickle
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from durable.cache import JSONSerializer


class Touches:
    """A pickle of it makes a file when it is loaded."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


def test_the_cache_writes_json() -> None:
    options: dict[str, Any] = settings.CACHES["default"]["OPTIONS"]  # type: ignore[assignment]
    assert options["serializer"] == "durable.cache.JSONSerializer"


@pytest.mark.parametrize("value", [None, True, 0, 7, 1.5, "é 你", [1, "2"], {"counts": {"created": 3}, "capped": []}])
def test_a_value_comes_back_as_it_was(value: object) -> None:
    written = JSONSerializer().dumps(value).encode()
    assert json.loads(written) == value
    assert JSONSerializer().loads(written) == value


def test_a_number_can_be_counted_up_by_redis_itself() -> None:
    assert JSONSerializer().dumps(41) == "41"
    assert JSONSerializer().loads(b"42") == 42


def test_a_pickle_counts_as_nothing_and_is_not_loaded(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    planted = pickle.dumps(Touches(tmp_path / "ran"))
    assert JSONSerializer().loads(planted) is None
    assert not (tmp_path / "ran").exists()
    assert "no JSON" in caplog.text
    pickle.loads(planted)
    assert (tmp_path / "ran").exists(), "the pickle itself works"


def test_what_json_cannot_say_is_refused_when_it_is_written() -> None:
    with pytest.raises(TypeError):
        JSONSerializer().dumps(Touches(Path("x")))
