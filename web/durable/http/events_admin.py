"""Who did what, in the admin."""

from typing import Any, ClassVar

from django.contrib import admin
from django.utils.html import format_html
from django.utils.translation import gettext, gettext_lazy

from durable import kinds
from durable.http import cells
from durable.http.admin_filters import WhatFilter
from durable.http.asked import address
from durable.http.look_only import LookOnly
from durable.models import Event

MANY = ("batch", "cancel many", "retry many", "pause", "resume")  # whose subject is no single task
when = cells.time_of("time", gettext_lazy("time"))


@admin.display(description=gettext_lazy("by"))
def who(event: Event) -> str:
    """Somebody, or a worker."""
    return event.by or gettext("somebody without a name")


@admin.display(description=gettext_lazy("subject"))
def subject(event: Event) -> Any:
    """On what; a task leads to its page."""
    kind = kinds.registry.get(event.kind)
    if not kind or event.what in MANY or not event.subject.isdecimal():
        return event.subject or cells.NOTHING
    return cells.link(f"{address(kind, 'index')}tasks/{event.subject}", event.subject)


@admin.display(description=gettext_lazy("request"))
def request(event: Event) -> Any:
    """To search logs by; of an attempt, Celery's id of its message."""
    return format_html("<code>{}</code>", event.request_id) if event.request_id else cells.NOTHING


class EventAdmin(LookOnly):
    """Who did what."""

    list_display: Any = ("id", when, "what", "kind", subject, "count", "detail", who, "address")
    fields: ClassVar[Any] = (*list_display, request)
    list_filter = (WhatFilter,)
