"""The cells of the admin: times that one can place, states, links.

They are functions, and not names, so that no column of a kind can take the place of one.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.timesince import timesince, timeuntil
from django.utils.translation import gettext, gettext_lazy, ngettext

from durable import words
from durable.models import Batch
from durable.templatetags.kinds import duration, took

Cell = Callable[[Any], Any]
NOTHING = "–"


def moment(value: datetime | None) -> Any:
    """A time to the second, and how long ago that is."""
    if value is None:
        return NOTHING
    local = timezone.localtime(value)
    cell = '<time datetime="{}">{}</time> <span class="ago">{}</span>'
    return format_html(cell, value.isoformat(), f"{local:%Y-%m-%d %H:%M:%S %Z}", relative(value))


def relative(value: datetime) -> str:
    """3 minutes ago, or in 3 minutes."""
    now = timezone.now()
    seconds = int(abs((now - value).total_seconds()))
    span = ngettext("%(n)d second", "%(n)d seconds", seconds) % {"n": seconds}
    if seconds >= 60:
        span = (timesince if value < now else timeuntil)(value, now, depth=1).replace("\xa0", " ")
    return (gettext("{span} ago") if value <= now else gettext("in {span}")).format(span=span)


def time_of(name: str, heading: Any) -> Cell:
    """A cell of a column with a time."""

    @admin.display(description=heading)
    def cell(row: Any) -> Any:
        return moment(getattr(row, name))

    cell.__name__ = name
    return cell


def column(field: "models.Field[Any, Any]") -> str | Cell:
    """How a column of the kind's own is shown: as Django does, but for times."""
    return time_of(field.name, field.verbose_name) if isinstance(field, models.DateTimeField) else field.name


@admin.display(description=gettext_lazy("status"))
def status(task: Any) -> Any:
    """Its state in the words that people read, and when it begins if that is later."""
    word = format_html('<span class="status-word" data-status="{}">{}</span>', task.status, words.state(task.status))
    return format_html("{} {}", word, moment(task.due_time)) if task.due_time else word


@admin.display(description=gettext_lazy("error"))
def error(task: Any) -> str:
    """What went wrong, in the reader's language."""
    return words.translated(task.sentence) or NOTHING


@admin.display(description=gettext_lazy("ran"))
def ran(task: Any) -> str:
    """For how long."""
    return duration(took(task)) or NOTHING


@admin.display(description=gettext_lazy("batch"))
def batch(task: Any) -> Any:
    """A link to the page of its batch."""
    return link(reverse("batch", args=[task.batch_id]), task.batch_id) if task.batch_id else NOTHING


def link(address: str, text: Any) -> Any:
    """A text that leads somewhere."""
    return format_html('<a href="{}">{}</a>', address, text)


@admin.display(description=gettext_lazy("request"))
def request(row: Any) -> Any:
    """The id of the request that created it, to search logs by; a batch has one for all of its tasks."""
    found, batch = row.request_id, getattr(row, "batch_id", None)
    if batch and not found:
        found = Batch.objects.filter(pk=batch).values_list("request_id", flat=True).first()
    return format_html("<code>{}</code>", found) if found else NOTHING


created = time_of("create_time", gettext_lazy("created"))
started = time_of("start_time", gettext_lazy("began"))
updated = time_of("update_time", gettext_lazy("changed"))
