"""Requests while the database is away fail at once, and one at a time looks whether it is back."""

import time
from types import SimpleNamespace

import pytest
from rows import database_away

from durable.http.middleware import Breaker

pytestmark = pytest.mark.django_db


def due() -> Breaker:
    """One that tripped a moment ago, and has to be looked at now."""
    breaker = Breaker()
    breaker.until = time.monotonic()
    return breaker


def test_it_lets_everybody_through_while_all_is_well() -> None:
    breaker = Breaker()
    assert [breaker.refuses() for _ in range(3)] == [False] * 3


def test_it_refuses_at_once_after_a_failure(django_assert_num_queries: object) -> None:
    breaker = Breaker()
    breaker.trip()
    with django_assert_num_queries(0):  # type: ignore[operator]
        assert breaker.refuses()


def test_it_looks_when_due_and_stays_open_while_the_database_is_away() -> None:
    breaker = due()
    before = breaker.until
    with database_away():
        assert breaker.refuses()
    assert breaker.until > before


def test_it_closes_when_the_database_answers_again() -> None:
    breaker = due()
    assert not breaker.refuses()
    assert breaker.until == 0.0


def test_while_one_looks_the_others_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    breaker, seen = due(), []

    class Cursor:
        """Stands for the database's answer that is slow in coming."""

        def __enter__(self) -> "Cursor":
            seen.append(breaker.refuses())
            return self

        def __exit__(self, *_: object) -> None: ...

        def execute(self, _: str) -> None: ...

    monkeypatch.setattr("durable.http.middleware.connection", SimpleNamespace(cursor=Cursor))
    assert not breaker.refuses()
    assert seen == [True]


def test_a_failure_of_long_ago_refuses_nobody(django_assert_num_queries: object) -> None:
    breaker = Breaker()
    breaker.until = time.monotonic() - 3
    with django_assert_num_queries(0):  # type: ignore[operator]
        assert not breaker.refuses()
    assert breaker.until == 0.0
