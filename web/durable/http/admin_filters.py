"""What the admin's lists are narrowed by: columns with an index, or the newest rows alone."""

from functools import cache
from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext_lazy

from durable.events import LOOK_THROUGH as EVENTS
from durable.events import WHATS, Event
from durable.filters import in_state
from durable.kinds import Kind
from durable.listing import LOOK_THROUGH
from durable.states import Status
from durable.words import state


class StatusFilter(admin.SimpleListFilter):
    """By state as people see it: a row does not say that it is pending."""

    title = gettext_lazy("status")
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """All states."""
        return [(value, state(value)) for value in Status.values]

    def queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> models.QuerySet[Any]:
        """Those in it."""
        value = self.value()
        return in_state(queryset, value) if value in Status.values else queryset  # type: ignore[arg-type]


class ColumnFilter(admin.SimpleListFilter):
    """By a column that the kind is filtered by; its choices come from the declaration, not from the table."""

    kind: Kind
    parameter_name: str

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[Any, Any]]:
        """What it may hold."""
        return self.kind.choices(self.parameter_name)

    def queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> models.QuerySet[Any]:
        """Those that hold it; together with another filter, among its newest rows (no index has both)."""
        name, value = self.parameter_name, self.value()
        found = next((each for each, _label in self.kind.choices(name) if str(each) == value), None)
        if found is None:
            return queryset
        if not ({"status", "batch__exact", *self.kind.filters} - {name}) & set(request.GET):
            return queryset.filter(**{name: found})
        newest = queryset.order_by("-pk").values_list("pk", name)[:LOOK_THROUGH]
        return queryset.filter(pk__in=[pk for pk, each in newest if each == found])


@cache
def filters(kind: Kind) -> tuple[type[admin.SimpleListFilter], ...]:
    """Of its list: the state, and its own where they are of few values."""
    own = (
        type("Filter", (ColumnFilter,), {"kind": kind, "parameter_name": name, "title": kind.fields[name].verbose_name})
        for name in kind.filters
        if kind.choices(name)
    )
    return (StatusFilter, *own)


class WhatFilter(admin.SimpleListFilter):
    """By what was done, among the newest: no index has it in their order."""

    title = gettext_lazy("what")
    parameter_name = "what"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """All words."""
        return [(what, what) for what in WHATS]

    def queryset(self, request: HttpRequest, queryset: models.QuerySet[Event]) -> models.QuerySet[Event]:
        """Those of it."""
        value = self.value()
        if value not in WHATS:
            return queryset
        newest = queryset.order_by("-pk").values_list("pk", "what")[:EVENTS]
        return queryset.filter(pk__in=[pk for pk, what in newest if what == value])


class RecordFilter(admin.SimpleListFilter):
    """Failures, unless one asks for the rest: a sweep that was not begun in time is `REVOKED`, and no failure."""

    title = gettext_lazy("what")
    parameter_name = "what"
    states = {None: "FAILURE", "revoked": "REVOKED"}

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """What there is besides failures."""
        return [("revoked", gettext_lazy("not begun in time")), ("all", gettext_lazy("everything"))]

    def choices(self, changelist: Any) -> Any:
        """Failures first, and no choice of nothing."""
        for value, label in ((None, gettext_lazy("failures")), *self.lookup_choices):
            query = changelist.get_query_string({self.parameter_name: value} if value else {}, [self.parameter_name])
            yield {"selected": self.value() == value, "query_string": query, "display": label}

    def queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> models.QuerySet[Any]:
        """Those of it; who names an id gets that one."""
        everything = self.value() not in self.states or request.GET.get("q")
        return queryset if everything else queryset.filter(status=self.states[self.value()])
