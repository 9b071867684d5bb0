"""The one kind of task here: x (operation) y, computed as decimal128."""

from typing import Any

from django.db import models
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

from arithmetic.operations import MAX_TEXT, OPERATIONS, OperationError, apply, canonical
from durable import Failed, Task
from durable.words import say

MAX_INPUT = 200  # characters; a number needs at most 48, and more gets a sentence of its own


class NumberField(models.CharField):  # type: ignore[type-arg]
    """A decimal128 number as canonical text: SQLite and MySQL agree to the digit."""

    # What the API's document says of an input; `check_value` tells in a sentence what is wrong.
    json_schema = {
        "maxLength": MAX_INPUT,
        "pattern": r"^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,4})?$",
        "examples": ["0.1"],
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"max_length": MAX_TEXT, **kwargs})

    def check_value(self, value: Any) -> str:
        """The canonical spelling of what a form, JSON or CSV brings."""
        if not isinstance(value, str):
            raise ValueError(gettext_noop("Send the number as a string, so that no digit is lost."))
        if len(value) > MAX_INPUT:
            raise ValueError(say(gettext_noop("Type a number of at most {n} characters."), n=MAX_INPUT))
        return canonical(value)

    def get_prep_value(self, value: Any) -> Any:
        """Write the canonical spelling; OperationError for what is no number."""
        return canonical(str(value)) if value not in ("", None) else ""


def operations() -> list[tuple[str, str]]:
    """The choices, from the one dict: what is added there needs no migration."""
    return [(name, f"{operation.symbol} {gettext(name)}") for name, operation in OPERATIONS.items()]


class MathTask(Task):
    """x (task_type) y, and what became of it."""

    x = NumberField(_("First number"))
    task_type = models.CharField(_("Operation"), max_length=32, choices=operations)
    y = NumberField(_("Second number"))
    result = NumberField(_("result"), default="", blank=True)

    # what the API's document shows: 0.1 + 0.2 is 0.3 here
    example_y, example_result = "0.2", "0.3"

    class Meta:
        db_table = "math_task"
        verbose_name, verbose_name_plural = _("task"), _("tasks")

    class Work:
        inputs = ("x", "task_type", "y")
        outputs = ("result",)
        filters = ("task_type",)

    def __str__(self) -> str:
        return f"{self.x} {self.symbol} {self.y}"

    @property
    def symbol(self) -> str:
        """The sign of the operation; its name where the operation is no longer there."""
        operation = OPERATIONS.get(self.task_type)
        return operation.symbol if operation else self.task_type

    @staticmethod
    def clean_task_type(value: Any) -> str:
        """One of the operations that there are."""
        if not isinstance(value, str) or value not in OPERATIONS:
            names = ", ".join(OPERATIONS)
            raise ValueError(say(gettext_noop("There is no such operation; use one of: {names}."), names=names))
        return value

    @staticmethod
    def perform(task: Any) -> str:
        """Compute it."""
        if task.task_type not in OPERATIONS:
            raise Failed(gettext_noop("There is no operation {name} any more."), name=task.task_type)
        try:
            return apply(task.task_type, task.x, task.y)
        except OperationError as error:
            raise Failed(str(error)) from None
