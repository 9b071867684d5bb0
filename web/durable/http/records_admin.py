"""Celery's own record of a message, in the admin: failures, with their traceback."""

import json
from typing import Any, ClassVar

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext_lazy

from durable.http import cells
from durable.http.admin_filters import RecordFilter
from durable.http.look_only import LookOnly

ended = cells.time_of("date_done", gettext_lazy("ended"))


@admin.display(description=gettext_lazy("error"))
def error(record: Any) -> str:
    """The exception and its words. Celery stores a failure as JSON; of what else stands there, nothing is told."""
    try:
        told = json.loads(record.result or "null")
    except ValueError:
        return cells.NOTHING
    if not isinstance(told, dict) or "exc_type" not in told:
        return cells.NOTHING
    said = told.get("exc_message") or ""
    return f"{told['exc_type']}: {', '.join(map(str, said)) if isinstance(said, list) else said}"[:500]


class RecordAdmin(LookOnly):
    """Failures, newest first."""

    list_display: Any = ("task_id", error, "task_name", "worker", ended)
    list_filter = (RecordFilter,)
    fieldsets: ClassVar[Any] = (
        (None, {"fields": ("task_id", error, "traceback", "status", ended)}),
        (gettext_lazy("The message"), {"fields": ("task_name", "task_args", "task_kwargs", "worker")}),
    )
    search_fields = ("task_id",)
    search_help_text = gettext_lazy("The whole id of the message")
    labels = gettext_lazy("failures as Celery tells them")

    def get_search_results(
        self, request: HttpRequest, queryset: models.QuerySet[Any], search_term: str
    ) -> tuple[models.QuerySet[Any], bool]:
        """The record of this very message."""
        return queryset.filter(task_id=search_term) if search_term else queryset, False
