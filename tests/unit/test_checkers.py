"""How one value is read, whether a form, JSON or CSV brings it."""

from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinLengthValidator
from django.db import models

from durable.checkers import Refused, compiled, fitting
from durable.words import Sentence, say


class Owner:
    """A model as far as a checker looks at it: it has no checks of its own."""


def checker(field: "models.Field[Any, Any]", owner: Any = Owner) -> Any:
    field.set_attributes_from_name("it")
    return compiled(owner, field)


def refusal(field: "models.Field[Any, Any]", value: Any, owner: Any = Owner) -> Sentence:
    with pytest.raises(Refused) as refused:
        checker(field, owner)(value)
    sentence: Sentence = refused.value.args[0]
    assert isinstance(sentence, Sentence)
    return sentence


DEPTH = [("deep", "Deep"), ("flat", "Flat")]


@pytest.mark.parametrize(
    ("field", "value", "kept"),
    [
        (models.TextField(), " as it is\n", " as it is\n"),
        (models.TextField(), "𝄞", "𝄞"),
        (models.CharField(max_length=3), "abc", "abc"),
        (models.CharField(max_length=8, blank=True), "", ""),
        (models.CharField(max_length=8, null=True), None, None),
        (models.CharField(max_length=8, choices=DEPTH), "flat", "flat"),
        (models.IntegerField(), 5, 5),
        (models.IntegerField(), "5", 5),
        (models.IntegerField(null=True), "", None),
        (models.IntegerField(null=True), None, None),
        (models.FloatField(), 5, 5.0),
        (models.FloatField(), "5e-1", 0.5),
        (models.DecimalField(max_digits=6, decimal_places=2), "5", Decimal("5.00")),
        (models.DecimalField(max_digits=6, decimal_places=2), 5, Decimal("5.00")),
        (models.DecimalField(max_digits=60, decimal_places=2), "1" * 50, Decimal("1" * 50)),
        (models.BooleanField(), True, True),
        (models.BooleanField(), "true", True),
        (models.BooleanField(), "False", False),
        (models.DateField(), "2026-02-28", date(2026, 2, 28)),
        (models.TimeField(), "08:30", time(8, 30)),
        (models.UUIDField(), "a" * 32, UUID("a" * 32)),
        (models.EmailField(), "a@b.de", "a@b.de"),
        (models.JSONField(), {"a": [1, None]}, {"a": [1, None]}),
    ],
    ids=repr,
)
def test_a_value_is_kept(field: Any, value: Any, kept: Any) -> None:
    found = checker(field)(value)
    assert found == kept
    assert type(found) is type(kept)


def test_a_decimal_has_the_places_that_the_database_gives_back() -> None:
    assert str(checker(models.DecimalField(max_digits=6, decimal_places=2))("5")) == "5.00"


def test_a_moment_is_kept_with_its_zone() -> None:
    found = checker(models.DateTimeField())("2026-01-01T12:00:00+02:00")
    assert found == datetime.fromisoformat("2026-01-01T10:00:00Z")


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        (models.TextField(), "", "Type a value."),
        (models.TextField(), None, "Send it as text."),
        (models.TextField(), 5, "Send it as text."),
        (models.TextField(), ["a"], "Send it as text."),
        (models.TextField(), "a\0b", "no text"),
        (models.TextField(), "a\ud800b", "no text"),
        (models.CharField(max_length=3), "abcd", "at most 3 characters"),
        (models.CharField(max_length=8, choices=DEPTH), "high", "deep, flat"),
        (models.IntegerField(), "5.5", "integer"),
        (models.IntegerField(), True, "type"),
        (models.IntegerField(), 5.0, "type"),
        (models.IntegerField(), None, "Type a value."),
        (models.IntegerField(), "", "Type a value."),
        (models.IntegerField(), "5\0", "no text"),
        (models.IntegerField(validators=[MaxValueValidator(4)]), 5, "4"),
        (models.FloatField(), "five", "float"),
        (models.DecimalField(max_digits=4, decimal_places=2), "1.234", "2 decimal places"),
        (models.DecimalField(max_digits=4, decimal_places=2), "NaN", "decimal"),
        (models.DecimalField(max_digits=4, decimal_places=2), 0.1, "type"),
        (models.BooleanField(), "perhaps", "True or False"),
        (models.BooleanField(), 1, "type"),
        (models.DateField(), "2026-02-30", "invalid date"),
        (models.DateField(), 20260228, "type"),
        (models.UUIDField(), "no", "UUID"),
        (models.EmailField(), "no", "email"),
        (models.URLField(), "javascript:alert(1)", "URL"),
        (models.CharField(max_length=9, validators=[MinLengthValidator(3)]), "ab", "3"),
        (models.EmailField(), "a\ud800@b.de", "no text"),
    ],
    ids=repr,
)
def test_what_cannot_be_taken_is_refused_with_a_sentence(field: Any, value: Any, words: str) -> None:
    assert words in refusal(field, value)


def test_a_check_of_the_models_own_comes_first() -> None:
    class Own:
        @staticmethod
        def clean_it(value: Any) -> Any:
            return value.upper()

    assert checker(models.CharField(max_length=2), Own)("long enough") == "LONG ENOUGH"


def test_a_check_of_the_fields_class_comes_next() -> None:
    class Shouted(models.CharField):  # type: ignore[type-arg]
        def check_value(self, value: Any) -> str:
            return f"{value}!"

    assert checker(Shouted(max_length=2))("hey") == "hey!"


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (ValueError("No."), "No."),
        (ValueError(say("Not {n}.", n=3)), "Not 3."),
        (ValidationError("No."), "No."),
        (ValidationError(["One.", "Two."]), "One. Two."),
    ],
    ids=repr,
)
def test_a_check_of_ones_own_refuses_in_its_own_words(error: Exception, sentence: str) -> None:
    class Own:
        @staticmethod
        def clean_it(value: Any) -> Any:
            raise error

    assert refusal(models.TextField(), "a", Own) == sentence


@pytest.mark.parametrize("value", ["a\0b", "a\ud800b"])
def test_a_check_of_ones_own_that_forgets_them_keeps_no_harmful_characters(value: str) -> None:
    class Own:
        @staticmethod
        def clean_it(value: Any) -> Any:
            return value

    assert "no text" in refusal(models.TextField(), value, Own)


def test_a_bug_in_a_check_of_ones_own_is_no_refusal() -> None:
    class Own:
        @staticmethod
        def clean_it(value: Any) -> Any:
            return value.no_such_thing

    with pytest.raises(AttributeError):
        checker(models.TextField(), Own)("a")


def test_an_output_has_to_fit_and_may_be_empty() -> None:
    field = models.CharField(max_length=3, choices=DEPTH)
    assert fitting(models.CharField(max_length=3))("") == ""
    for value in ("abcd", None, 5):
        with pytest.raises(Refused):
            fitting(field)(value)
