"""The page's forms, derived from a kind once: what its form takes, and what its list can be narrowed to."""

import re
import uuid
from collections.abc import Collection, Iterable
from functools import cache
from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.http import HttpRequest, QueryDict
from django.utils.datastructures import MultiValueDict
from django.utils.text import capfirst, format_lazy
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

from durable.kinds import Kind
from durable.listing import BIGGEST_ID
from durable.states import Status
from durable.words import of, say, translated

ALWAYS = ("csrfmiddlewaretoken",)  # in every form of ours
OWN_FILTERS = ("status", "batch", "id", "error", "worker", "created_from", "created_to")  # of every kind
ZONE = re.compile(r" (?=[0-9]{2}:?[0-9]{2}$)")
ROWS = 5  # of a text area, until the reader makes it larger
# A text that the browser cuts at a length is a text that its author did not send.
UNWANTED = ("maxlength", "minlength", "cols", "rows")
NATIVE: "dict[type[models.Field[Any, Any]], tuple[str, str]]" = {  # the browser's own pickers, and how they write
    models.DateTimeField: ("datetime-local", "%Y-%m-%dT%H:%M:%S"),
    models.DateField: ("date", "%Y-%m-%d"),
    models.TimeField: ("time", "%H:%M:%S"),
}


def new_key() -> str:
    """A key for one submission: a reload or a double click sends the same one."""
    return uuid.uuid4().hex


class Input(forms.Field):
    """One input: the model's control, the kind's checker."""

    def __init__(self, kind: Kind, name: str) -> None:
        self.kind, self.name, column = kind, name, kind.fields[name]
        needed = not (column.blank or column.null or isinstance(column, models.BooleanField))
        help_text = column.help_text
        if isinstance(column, models.DateTimeField) and not help_text:
            help_text = format_lazy(_("In the time zone {zone}."), zone=settings.TIME_ZONE)
        super().__init__(
            label=capfirst(column.verbose_name),
            help_text=help_text,
            required=needed,
            widget=control(kind, name),
            initial=column.get_default() if column.has_default() else None,
        )
        self.optional = not needed and not isinstance(column, models.BooleanField)
        self.wide = isinstance(self.widget, forms.Textarea)
        told = f"id_{name}-help id_{name}-error" if help_text else f"id_{name}-error"
        self.widget.attrs["aria-describedby"] = told

    def clean(self, value: Any) -> Any:
        """The value as it is kept, or a sentence. What the form leaves out is as if it had been left empty."""
        try:
            return self.kind.check(self.name, "" if value is None and not self.kind.fields[self.name].null else value)
        except ValueError as error:
            raise ValidationError(translated(of(error))) from None


def control(kind: Kind, name: str) -> forms.Widget:
    """What the reader fills in: a select for choices, the browser's own pickers, a text area for long texts."""
    column = kind.fields[name]
    if column.flatchoices:
        empty = [("", "")] if column.blank or column.null else []
        select = forms.Select()
        select.choices = lambda: [*empty, *kind.choices(name)]  # type: ignore[assignment]
        return select
    for base in type(column).__mro__:
        if base in NATIVE:
            picker, written = NATIVE[base]
            seconds = {} if base is models.DateField else {"step": "1"}
            return forms.DateTimeInput({"type": picker, **seconds}, format=written)
    field = column.formfield()
    assert field is not None
    widget: forms.Widget = field.widget
    for attribute in UNWANTED:
        widget.attrs.pop(attribute, None)
    if isinstance(widget, forms.Textarea):
        widget.attrs["rows"] = ROWS
    return widget


class TaskForm(forms.BaseForm):
    """The form of a kind; `task_form` makes a class of it for each."""

    kind: Kind

    @property
    def inputs(self) -> Iterable[forms.BoundField]:
        """Its visible fields."""
        return [self[name] for name in self.kind.inputs]

    @property
    def other_errors(self) -> list[str]:
        """What stands beside no field."""
        return [*map(str, self.non_field_errors()), *map(str, self.errors.get("idempotency_key", []))]

    @property
    def values(self) -> dict[str, Any]:
        """The checked inputs."""
        return {name: self.cleaned_data[name] for name in self.kind.inputs}


@cache
def task_form(kind: Kind) -> type[TaskForm]:
    """The form of this kind."""
    fields: dict[str, forms.Field] = {name: Input(kind, name) for name in kind.inputs}
    key = forms.CharField(widget=forms.HiddenInput, required=False, max_length=128, initial=new_key)
    return type("TaskForm", (TaskForm,), {"kind": kind, "base_fields": {**fields, "idempotency_key": key}})


class IdInput(forms.IntegerField):
    def __init__(self, label: Any, sentence: Any) -> None:
        names = ("invalid", "min_value", "max_value")
        messages = dict.fromkeys(names, sentence)
        super().__init__(label=label, required=False, min_value=1, max_value=BIGGEST_ID, error_messages=messages)


class Moment(forms.DateTimeField):
    """A time; without a zone that of the site."""

    def __init__(self, label: Any) -> None:
        wrong = format_lazy(_("{label}: type a time such as 2026-01-31T12:00:00Z."), label=label)
        super().__init__(label=label, required=False, error_messages={"invalid": wrong})

    def to_python(self, value: Any) -> Any:
        """The moment; `+` of a zone may have come as a space, as addresses have it."""
        return super().to_python(ZONE.sub("+", value) if isinstance(value, str) else value)


class Wanted(forms.CharField):
    """One of the kind's own filters; a choice that is no longer offered can still be asked for."""

    def __init__(self, kind: Kind, name: str) -> None:
        self.kind, self.column = kind, kind.fields[name]
        super().__init__(label=capfirst(self.column.verbose_name), required=False)

    def options(self) -> list[tuple[Any, Any]]:
        """What to choose from; nothing where the reader types."""
        if isinstance(self.column, models.BooleanField):
            return [(True, gettext("yes")), (False, gettext("no"))]
        return self.kind.choices(self.column.name)

    def clean(self, value: Any) -> Any:
        """As the column has it; None for no filter."""
        text = super().clean(value)
        if not text:
            return None
        try:
            found = self.column.to_python(text)
            self.column.run_validators(found)
            return self.column.get_prep_value(found) if isinstance(found, str) else found
        except ValidationError:
            raise
        except ValueError as error:
            raise ValidationError(translated(of(error))) from None


class FilterForm(forms.BaseForm):
    """What a kind's list can be narrowed to."""

    base_fields: ClassVar[dict[str, forms.Field]]


@cache
def filter_form(kind: Kind) -> type[FilterForm]:
    """That of this kind."""
    states = [(status, status) for status in Status.values]
    fields: dict[str, forms.Field] = {
        "status": forms.ChoiceField(
            label=_("Status"),
            required=False,
            choices=states,
            error_messages={
                "invalid_choice": format_lazy(_("status is one of {names}."), names=", ".join(Status.values))
            },
        ),
        **{name: Wanted(kind, name) for name in kind.filters},
        "batch": IdInput(_("Batch"), _("Type the number of a batch, such as 12.")),
        "id": IdInput(_("Task number"), _("Type the number of a task, such as 12.")),
        "error": forms.CharField(label=_("Error"), required=False),
        "worker": forms.CharField(label=_("Worker"), required=False),
        "created_from": Moment(_("Created from")),
        "created_to": Moment(_("Created before")),
    }
    return type("FilterForm", (FilterForm,), {"base_fields": fields})


def strangers(given: MultiValueDict[str, Any], known: Collection[str], unknown: str, several: str = "") -> list[str]:
    """A sentence for each name that means nothing here, or is there twice (but `several`): nothing is passed over."""
    twice = gettext_noop("{name} is there more than once: send it once.")
    wrong = [(unknown, name) for name in given if name not in known]
    wrong += [(twice, name) for name in given if name in known and name != several and len(given.getlist(name)) > 1]
    return [translated(say(sentence, name=short(name))) for sentence, name in wrong]


def unknown_fields(request: HttpRequest, *known: str, several: str = "") -> str:
    """What a sent form has that it should not have; empty where all is well."""
    unknown = gettext_noop("This form has no field {name}: nothing was done. Reload the page, then send it again.")
    sent: MultiValueDict[str, Any] = MultiValueDict({**dict(request.POST.lists()), **dict(request.FILES.lists())})
    return " ".join(strangers(sent, (*known, *ALWAYS), unknown, several))


def unexpected(request: HttpRequest, *known: str, several: str = "") -> str:
    """The same of a form whose address takes nothing besides."""
    return " ".join(filter(None, (unknown_fields(request, *known, several=several), *unknown_filters(request.GET))))


def unknown_filters(query: QueryDict, *known: str) -> list[str]:
    """What an address asks for that there is not."""
    return strangers(query, (*known, "lang"), gettext_noop("There is no filter {name}."))


def short(name: str) -> str:
    """A name that somebody sent, fit for a sentence."""
    return name if len(name) <= 40 else f"{name[:40]}…"
