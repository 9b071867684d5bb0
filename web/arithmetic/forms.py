"""The page's form: input is checked here, in sentences."""

import uuid

from django import forms

from arithmetic.operations import OPERATIONS, OperationError, canonical

MAX_INPUT = 200  # characters; a number needs at most 48, and more gets a sentence of its own


def clean_number(text: str) -> str:
    """The canonical spelling, or a ValidationError with a sentence."""
    try:
        return canonical(text)
    except OperationError as error:
        raise forms.ValidationError(str(error)) from None


class NumberInput(forms.CharField):
    def __init__(self, label: str):
        super().__init__(
            label=label,
            max_length=MAX_INPUT,
            error_messages={
                "required": "Type a number.",
                "max_length": f"Type a number of at most {MAX_INPUT} characters.",
            },
        )

    def clean(self, value: object) -> str:
        """Validate as decimal128."""
        return clean_number(super().clean(value))


def operations() -> list[tuple[str, str]]:
    """The choices of the form, from the one dict."""
    return [(name, f"{operation.symbol} {name}") for name, operation in OPERATIONS.items()]


def new_key() -> str:
    """A key for one submission: a reload or a double click sends the same one."""
    return uuid.uuid4().hex


class TaskForm(forms.Form):
    x = NumberInput("First number")
    task_type = forms.ChoiceField(
        label="Operation",
        choices=operations,
        error_messages={
            "required": "Choose an operation.",
            "invalid_choice": "Choose one of the operations offered: %(value)s is not one.",
        },
    )
    y = NumberInput("Second number")
    idempotency_key = forms.CharField(widget=forms.HiddenInput, required=False, max_length=128, initial=new_key)
