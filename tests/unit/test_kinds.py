"""A kind: what its model declares, compiled once."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.db import models

from arithmetic.models import MathTask
from durable import kinds
from durable.models import Task
from support.readings.models import Loan, Reading

METACLASS: Any = type(Task)
ARITHMETIC, READING, LOAN = MathTask.kind, Reading.kind, Loan.kind


@pytest.fixture
def registries() -> Iterator[None]:
    """What a test declares is forgotten afterwards, by the engine and by Django."""
    before, known = dict(kinds.registry), dict(apps.all_models["readings"])
    yield
    kinds.registry.clear()
    kinds.registry.update(before)
    apps.all_models["readings"].clear()
    apps.all_models["readings"].update(known)
    apps.clear_cache()


def declared(**work: Any) -> Any:
    """A model with such a Work, and two columns."""
    attributes = {
        "__module__": __name__,
        "Meta": type("Meta", (), {"app_label": "readings"}),
        "a": models.IntegerField(),
        "b": models.IntegerField(null=True),
        "Work": type("Work", (), work),
    }
    return METACLASS("Declared", (Task,), attributes)


def test_kinds_are_known_in_the_order_of_the_apps() -> None:
    assert kinds.first() is ARITHMETIC
    assert kinds.every()[0] is ARITHMETIC
    assert {READING, LOAN} < set(kinds.every())
    assert kinds.get("reading") is READING
    with pytest.raises(KeyError):
        kinds.get("no such")


def test_the_first_kind_has_the_roots_addresses_and_another_its_name() -> None:
    assert (ARITHMETIC.first, ARITHMETIC.page, ARITHMETIC.api) == (True, "", "tasks")
    assert (READING.first, READING.page, READING.api) == (False, "reading/", "reading")


def test_what_is_declared_is_there() -> None:
    assert READING.inputs == ("text", "language")
    assert READING.outputs == ("words", "reading_seconds")
    assert READING.filters == ("language",)
    assert (READING.max_attempts, READING.per_message) == (5, None)
    assert (LOAN.max_attempts, LOAN.per_message) == (3, 50)
    assert list(READING.fields) == ["text", "language", "words", "reading_seconds"]


def test_lists_show_all_but_long_texts_and_json() -> None:
    assert READING.listed == ("language", "words", "reading_seconds")
    assert "steps" not in LOAN.listed
    assert LOAN.listed[:2] == ("amount", "months")


def test_what_may_be_left_out_has_a_value() -> None:
    assert READING.optional == {}
    assert LOAN.optional == {"plan": "flat", "insured": False, "note": "", "limit": None}


def test_outputs_are_empty_before_there_are_any() -> None:
    assert ARITHMETIC.empty == {"result": ""}
    assert READING.empty == {"words": None, "reading_seconds": None}


def test_values_become_what_a_driver_takes() -> None:
    values = [Decimal("5.00"), 3, date(2026, 2, 28), "flat", True, "note", None]
    plain = LOAN.prepare(values)
    assert plain == ("5.00", 3, "2026-02-28", "flat", 1, "note", None)
    assert {type(value) for value in plain} <= {str, int, float, type(None)}


def test_choices_are_told_with_their_words() -> None:
    assert LOAN.choices("plan") == [("flat", "Flat"), ("late", "All at the end")]
    assert LOAN.choices("note") == []


@pytest.mark.parametrize("value", [5, "5", (1, 2.0, 3), [1, 2.0], None])
def test_outputs_of_another_number_are_a_bug(value: Any) -> None:
    with pytest.raises(TypeError, match="it has to give words and reading_seconds"):
        READING.returned(value)


@pytest.mark.parametrize(("value", "name"), [((1, "slow"), "reading_seconds"), (("five", 1.0), "words")])
def test_an_output_that_does_not_fit_its_column_is_named(value: Any, name: str) -> None:
    with pytest.raises(ValueError, match=f"for {name}: "):
        READING.returned(value)


def test_outputs_become_what_a_driver_takes() -> None:
    assert READING.returned((4, 1.5)) == (4, 1.5)
    assert READING.returned((None, None)) == (None, None)
    assert ARITHMETIC.returned("0.3") == ("0.3",)
    assert LOAN.returned((Decimal("1.00"), date(2026, 1, 2), None, {"a": 1}, None))[1] == "2026-01-02"


def test_every_query_has_its_index() -> None:
    for columns in (["status"], ["language"], ["batch"], ["batch", "status"], ["update_time"]):
        assert READING.index(*columns)
    with pytest.raises(StopIteration):
        READING.index("words")


@pytest.mark.usefixtures("registries")
def test_a_kind_is_registered_by_being_declared() -> None:
    model = declared(inputs=("a",), outputs=("b",))
    assert kinds.get("declared") is model.kind
    assert model.kind.label == "declared"


@pytest.mark.usefixtures("registries")
def test_an_unknown_option_is_refused() -> None:
    with pytest.raises(ImproperlyConfigured, match=r"no option filter: use inputs, outputs"):
        declared(inputs=("a",), outputs=("b",), filter=("a",))


@pytest.mark.usefixtures("registries")
@pytest.mark.parametrize("name", ["tasks", "batches", "admin", "no-name", "a b", ""])
def test_a_name_that_an_address_has_already_is_refused(name: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="taken"):
        declared(inputs=("a",), outputs=("b",), name=name)


@pytest.mark.usefixtures("registries")
def test_two_kinds_of_one_name_are_refused() -> None:
    with pytest.raises(ImproperlyConfigured, match="Two kinds are called reading"):
        declared(inputs=("a",), outputs=("b",), name="reading")


@pytest.mark.usefixtures("registries")
def test_a_task_without_work_is_refused() -> None:
    attributes = {"__module__": __name__, "Meta": type("Meta", (), {"app_label": "readings"})}
    with pytest.raises(ImproperlyConfigured, match="without a class Work"):
        METACLASS("Idle", (Task,), attributes)


@pytest.mark.usefixtures("registries")
def test_a_site_without_a_kind_says_so() -> None:
    kinds.registry.clear()
    with pytest.raises(ImproperlyConfigured, match="There is no kind of task"):
        kinds.first()


@pytest.mark.parametrize("name", ["status", "error", "id", "round"])
def test_a_column_that_every_task_has_is_refused(name: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=f"every task has a {name} already"):
        declared(inputs=("a",), outputs=(name,))


@pytest.mark.parametrize("name", ["since", "limit", "nowhere"])
def test_a_filter_that_is_no_column_or_a_lists_own_parameter_is_refused(name: str) -> None:
    inputs = ("a",) if name == "nowhere" else ("a", name)
    with pytest.raises(ImproperlyConfigured, match=f"{name} cannot be a filter"):
        declared(inputs=inputs, outputs=("b",), filters=(name,))
