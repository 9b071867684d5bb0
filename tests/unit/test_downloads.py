"""What a download of a filtered list costs is bounded."""

import pytest
from rows import KIND, store

from durable import results
from durable.filters import Filters

pytestmark = pytest.mark.django_db(transaction=True)


def lines(**filters: str) -> list[str]:
    """Of the file, without its head."""
    return b"".join(results.results(KIND, Filters(**filters))).decode().splitlines()[1:]  # type: ignore[arg-type]


def test_a_rare_match_is_looked_for_among_the_newest_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "CHUNK", 2)
    monkeypatch.setattr(results, "LOOKED_AT", 6)
    store(1, worker="rare/1")
    store(5, worker="w/1")
    assert len(lines(worker="rare/1")) == 1
    store(3, worker="w/1")
    assert lines(worker="rare/1") == []
    assert len(lines(worker="w/1")) == 6
