"""Batches in the admin."""

from collections.abc import Callable
from typing import Any, ClassVar

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from durable import kinds
from durable.actions import MOST, cancel_matching, retry_matching
from durable.batches import counts
from durable.filters import Filters
from durable.http import cells
from durable.http.admin import may_act, tell
from durable.http.by import by
from durable.http.look_only import LookOnly
from durable.kinds import Kind
from durable.models import Batch
from durable.words import state


@admin.display(description=gettext_lazy("progress"))
def page(batch: Batch) -> Any:
    """Where it is seen. A list does not count: each batch would be a walk of its own."""
    return cells.link(batch_address(batch), _("Show progress"))


def batch_address(batch: Batch) -> str:
    """Of its page."""
    return reverse("batch", args=[batch.pk])


@admin.display(description=gettext_lazy("progress"))
def progress(batch: Batch) -> str:
    """Its tasks by state."""
    if batch.kind not in kinds.registry:
        return _("Its kind is no longer here.")
    return ", ".join(f"{state(status)}: {count}" for status, count in counts(batch).items())


class BatchAdmin(LookOnly):
    list_display: Any = ("id", "kind", "total", page, "file_name", "created_by", cells.created)
    fields: ClassVar[Any] = ("id", "kind", "total", progress, "file_name", "created_by", cells.created, cells.request)
    actions = ("cancel_batches", "retry_batches")

    def view_on_site(self, obj: Batch) -> str:
        """Its page."""
        return batch_address(obj)

    def has_act_permission(self, request: HttpRequest) -> bool:
        """Who may cancel and retry the tasks of some kind; `act` leaves the other kinds' batches alone."""
        return any(may_act(request, kind) for kind in kinds.every())

    @admin.action(description=gettext_lazy("Cancel what is left of the selected batches"), permissions=["act"])
    def cancel_batches(self, request: HttpRequest, queryset: models.QuerySet[Batch]) -> None:
        """Cancel the tasks that have not ended."""

        def cancel(kind: Kind, filters: Filters) -> int:
            return cancel_matching(kind=kind, filters=filters, expected=MOST, by=by(request)).changed

        self.act(request, queryset, cancel)

    @admin.action(description=gettext_lazy("Retry what failed or was cancelled of them"), permissions=["act"])
    def retry_batches(self, request: HttpRequest, queryset: models.QuerySet[Batch]) -> None:
        """Start the failed and cancelled tasks over."""

        def retry(kind: Kind, filters: Filters) -> int:
            return retry_matching(kind=kind, filters=filters, expected=MOST, by=by(request)).changed

        self.act(request, queryset, retry)

    def act(
        self, request: HttpRequest, queryset: models.QuerySet[Batch], change: Callable[[Kind, Filters], int]
    ) -> None:
        """Do it batch by batch, as many as a request can take."""
        allowed = {kind.name: kind for kind in kinds.every() if may_act(request, kind)}
        chosen = queryset.filter(kind__in=allowed)[:10]
        tell(self, request, sum(change(allowed[batch.kind], Filters(batch=batch.pk)) for batch in chosen))
