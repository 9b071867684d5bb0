"""How long a task waits for its next attempt."""

import pytest

from durable.backoff import DEFAULT, LONGEST, Backoff, exponential, pause
from durable.objections import objection
from support.readings.models import Loan


def test_it_doubles_up_to_its_cap_and_a_part_of_it_is_chance() -> None:
    backoff = exponential(first=2, cap=100)
    for attempts, longest in ((0, 2), (1, 2), (2, 4), (3, 8), (6, 64), (7, 100), (10_000, 100)):
        found = {backoff(attempts) for _ in range(50)}
        assert longest / 2 <= min(found) <= max(found) <= longest
        assert len(found) > 40


@pytest.mark.parametrize(("first", "cap"), [(-1, 10), (20, 10), (1, 1e12), (float("nan"), 10)])
def test_what_is_no_backoff_is_refused(first: float, cap: float) -> None:
    with pytest.raises(ValueError, match="first is at most cap"):
        exponential(first, cap)


def test_a_kind_without_one_has_the_default() -> None:
    assert Loan.kind.backoff is DEFAULT
    assert 0.5 <= Loan.kind.pause(1) <= 1


@pytest.mark.parametrize("broken", [lambda n: n // 0, lambda n: -1.0, lambda n: "soon", lambda n: LONGEST * 2.0])
def test_one_that_is_broken_is_logged_and_the_default_taken(broken: Backoff, caplog: pytest.LogCaptureFixture) -> None:
    assert 0.5 <= pause(broken, 1) <= 1
    assert "the default is taken" in caplog.text


@pytest.mark.parametrize(
    ("options", "sentence"),
    [({"backoff": 5}, "backoff is a function"), ({"max_attempts": 0}, "a number from 1 to 32,767")],
)
def test_a_policy_that_is_none_is_refused(options: dict[str, object], sentence: str) -> None:
    work = type("Work", (), {"inputs": (), "outputs": (), **options})
    assert sentence in objection("Parcel", work)
