"""What templates ask of kinds: addresses, headings, the text of a cell, and what every page has at its top."""

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from django import template
from django.conf import settings
from django.contrib.staticfiles import finders
from django.template.context import Context
from django.templatetags.static import static
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from durable import kinds
from durable.http.asked import address, task_address
from durable.http.plots import per_second, seconds
from durable.kinds import Kind
from durable.states import Status

register = template.Library()


@register.simple_tag(takes_context=True)
def kind_url(context: Context, name: str, kind: Kind | None = None) -> str:
    """Where a page of the kind is, by default of the one that this page is about."""
    return address(kind or context.get("kind") or kinds.first(), name)


@register.simple_tag
def every_kind() -> list[Kind]:
    """All kinds, where there are several to choose from."""
    found = kinds.every()
    return found if len(found) > 1 else []


@register.simple_tag
def site_name() -> str:
    """The site's; Django renders the page of a bad request without any context."""
    return str(settings.SITE_NAME)


@register.simple_tag
def site_icon() -> str:
    """The first kind's app may bring one, as <app>/icon.svg."""
    return static(icon_of(kinds.first().model._meta.app_label))


@cache
def icon_of(app: str) -> str:
    """The app's icon, or the engine's."""
    return f"{app}/icon.svg" if finders.find(f"{app}/icon.svg") else "durable/icon.svg"


@register.filter
def heading(kind: Kind, name: str) -> str:
    """What people call a column."""
    return str(capfirst(kind.fields[name].verbose_name))


@register.filter
def column(task: Any, name: str) -> Any:
    """A column's value as people read it."""
    value = getattr(task, name)
    if value is None:
        return ""
    if task.kind.fields[name].choices:
        return dict(task.kind.choices(name)).get(value, value)
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, datetime) and timezone.is_aware(value):
        moment = value.astimezone(UTC)
        return format_html('<time datetime="{}">{} UTC</time>', moment.isoformat(), f"{moment:%Y-%m-%d %H:%M:%S}")
    return value


@register.filter
def page(task: Any) -> str:
    """Where its own page is."""
    return task_address(task)


@register.filter
def grouped(number: int) -> str:
    """A number with its thousands set apart."""
    return str(number_format(number, force_grouping=True))


@register.filter
def took(task: Any) -> float | None:
    """How long it ran, in milliseconds; None while that is not known."""
    if not task.start_time or task.status not in (Status.SUCCESS, Status.FAILED):
        return None
    ran: timedelta = task.update_time - task.start_time
    return max(0.0, ran.total_seconds() * 1000)


@register.filter
def duration(milliseconds: float | None) -> str:
    """A time in words."""
    return "" if milliseconds is None else seconds(milliseconds)


@register.filter
def rate(number: float) -> str:
    """How many in a second, in words."""
    return per_second(number)
