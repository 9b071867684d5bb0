"""Who stores at the same time stores together; nobody waits for company, and nobody pays for another's row."""

import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, OperationalError

from durable import kinds
from durable.group import Group
from durable.inserts import CREATED, is_a_rows_own, moment, row, store
from durable.kinds import Kind
from support.waiting import wait_for

BAD = "bad"


class Store:
    """Where rows go; a statement waits until the gate is open."""

    def __init__(self) -> None:
        self.gate, self.statements = threading.Event(), list[list[Any]]()
        self.failing: BaseException | None = None

    def __call__(self, rows: list[Sequence[Any]]) -> list[Any]:
        self.statements.append([row[0] for row in rows])
        assert self.gate.wait(10)
        if self.failing:
            raise self.failing
        if any(row[0] == BAD for row in rows):
            raise IntegrityError(1062, "twice")
        return [f"stored {row[0]}" for row in rows]


@pytest.fixture
def slow() -> Store:
    return Store()


@pytest.fixture
def shared(slow: Store) -> Group:
    return Group(slow, lambda error: isinstance(error, IntegrityError))


def together(shared: Group, slow: Store, *rows: str) -> list["Future[Any]"]:
    """The first has begun; the others come meanwhile; then the gate opens."""
    with ThreadPoolExecutor(len(rows)) as pool:
        futures = [pool.submit(shared.put, [rows[0]])]
        wait_for(lambda: bool(slow.statements), 10, "the first has begun", every=0.01)
        for number, row in enumerate(rows[1:], 1):
            futures.append(pool.submit(shared.put, [row]))
            wait_for(lambda number=number: len(shared.waiting) == number, 10, "it waits", every=0.01)  # type: ignore[misc]
        slow.gate.set()
    return futures


def test_who_comes_alone_goes_alone_and_at_once(shared: Group, slow: Store) -> None:
    slow.gate.set()
    assert [shared.put(["a"]), shared.put(["b"])] == ["stored a", "stored b"]
    assert slow.statements == [["a"], ["b"]]


def test_who_comes_meanwhile_goes_together_and_each_has_its_own(shared: Group, slow: Store) -> None:
    found = [future.result() for future in together(shared, slow, "a", "b", "c", "d")]
    assert found == ["stored a", "stored b", "stored c", "stored d"]
    assert slow.statements == [["a"], ["b", "c", "d"]]


def test_a_row_that_is_refused_fails_nobody_else(shared: Group, slow: Store) -> None:
    first, good, bad, other = together(shared, slow, "a", "b", BAD, "c")
    assert [first.result(), good.result(), other.result()] == ["stored a", "stored b", "stored c"]
    with pytest.raises(IntegrityError, match="twice"):
        bad.result()
    assert slow.statements == [["a"], ["b", BAD, "c"], ["b"], [BAD], ["c"]]


@pytest.mark.parametrize(
    ("silent", "statements"), [(60.0, [["a"], ["b", "c"]]), (0.0, [["a"]])], ids=["tells so at once", "does not answer"]
)
def test_without_the_database_each_is_told_by_an_error_of_its_own_and_nobody_is_held_up_twice(
    shared: Group, slow: Store, monkeypatch: pytest.MonkeyPatch, silent: float, statements: list[list[str]]
) -> None:
    monkeypatch.setattr("durable.group.SILENT_SECONDS", silent)
    slow.failing = OperationalError(2006, "gone")
    errors = [future.exception() for future in together(shared, slow, "a", "b", "c")]
    assert [(type(error), error.args) for error in errors if error] == [(OperationalError, (2006, "gone"))] * 3
    assert len({id(error) for error in errors}) == 3
    assert slow.statements == statements
    slow.failing = None
    assert shared.put(["d"]) == "stored d"


def test_a_row_that_is_refused_slowly_fails_nobody_else(
    shared: Group, slow: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("durable.group.SILENT_SECONDS", 0.0)
    bad, other = together(shared, slow, BAD, "b")
    assert isinstance(bad.exception(), IntegrityError)
    assert other.result() == "stored b"


def test_where_the_thread_that_stores_is_ended_the_others_are_told_and_the_next_goes_on(
    shared: Group, slow: Store
) -> None:
    slow.failing = SystemExit()
    first, *others = together(shared, slow, "a", "b", "c")
    assert isinstance(first.exception(), SystemExit)
    assert {type(other.exception()) for other in others} == {SystemExit, OperationalError}
    slow.failing = None
    assert shared.put(["d"]) == "stored d"


def rows_of(kind: Kind, *keys: str) -> list[list[Any]]:
    """0 + 1, 1 + 1, 2 + 1, ... with these keys."""
    who = {"created_by": "", "request_id": ""}
    tasks = enumerate(keys)
    return [row(kind, [Decimal(x), "add", Decimal(1)], CREATED, {"idempotency_key": key, **who}) for x, key in tasks]


@pytest.mark.django_db(transaction=True)
def test_each_row_of_one_statement_has_its_own_id_and_times() -> None:
    kind = kinds.first()
    told = store(kind, rows_of(kind, "a", "b", "c"))
    assert [kind.model.objects.get(pk=identity).x for identity, *_ in told] == ["0", "1", "2"]
    for identity, *times in told:
        stored = kind.model.objects.get(pk=identity)
        assert [moment(time) for time in times] == [stored.create_time, stored.update_time]


@pytest.mark.django_db(transaction=True)
def test_a_key_that_is_stored_already_fails_the_whole_statement_and_then_its_own_row_alone() -> None:
    kind = kinds.first()
    store(kind, rows_of(kind, "a"))
    with pytest.raises(IntegrityError) as caught:
        store(kind, rows_of(kind, "b", "a"))
    assert is_a_rows_own(caught.value)
    assert kind.model.objects.count() == 1
