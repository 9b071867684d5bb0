"""The page's forms: input is checked here, in sentences."""

import uuid
from typing import TYPE_CHECKING

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from arithmetic.operations import OPERATIONS, OperationError, canonical
from arithmetic.words import translated

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

MAX_INPUT = 200  # characters; a number needs at most 48, and more gets a sentence of its own
BIGGEST = 2**63 - 1


def clean_number(text: str) -> str:
    """The canonical spelling, or a ValidationError with a sentence."""
    try:
        return canonical(text)
    except OperationError as error:
        raise forms.ValidationError(translated(str(error))) from None


class NumberInput(forms.CharField):
    def __init__(self, label: "StrOrPromise"):
        super().__init__(
            label=label,
            max_length=MAX_INPUT,
            error_messages={
                "required": _("Type a number."),
                "max_length": _("Type a number of at most %(limit_value)d characters."),
            },
        )

    def clean(self, value: object) -> str:
        """Validate as decimal128."""
        return clean_number(super().clean(value))


def operations() -> list[tuple[str, str]]:
    """The choices of the form, from the one dict."""
    return [(name, f"{operation.symbol} {gettext(name)}") for name, operation in OPERATIONS.items()]


def new_key() -> str:
    """A key for one submission: a reload or a double click sends the same one."""
    return uuid.uuid4().hex


class TaskForm(forms.Form):
    x = NumberInput(_("First number"))
    task_type = forms.ChoiceField(
        label=_("Operation"),
        choices=operations,
        error_messages={
            "required": _("Choose an operation."),
            "invalid_choice": _("Choose one of the operations offered: %(value)s is not one."),
        },
    )
    y = NumberInput(_("Second number"))
    idempotency_key = forms.CharField(widget=forms.HiddenInput, required=False, max_length=128, initial=new_key)


class IdInput(forms.IntegerField):
    def __init__(self, sentence: "StrOrPromise"):
        names = ("invalid", "min_value", "max_value")
        super().__init__(required=False, min_value=1, max_value=BIGGEST, error_messages=dict.fromkeys(names, sentence))


class FilterForm(forms.Form):
    """What part of the list is shown; an operation that is no longer offered can still be asked for."""

    status = forms.ChoiceField(required=False)
    task_type = forms.CharField(required=False, max_length=32)
    batch = IdInput(_("Type the number of a batch, such as 12."))
    id = IdInput(_("Type the number of a task, such as 12."))
