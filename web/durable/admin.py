"""What /admin/ shows: every kind's rows, batches, claims, workers, and Celery's record of failures."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_celery_results.admin import TaskResultAdmin
from django_celery_results.models import GroupResult, TaskResult

from durable import kinds
from durable.batches import counts
from durable.http.admin import KindAdmin, LookOnly, may_act, tell
from durable.kinds import Kind
from durable.listing import Filters
from durable.models import Batch, Claim, Worker
from durable.services import MOST, cancel_matching, retry_matching


@admin.register(Batch)
class BatchAdmin(LookOnly):
    list_display = ("id", "kind", "total", "create_time")
    fields = ("id", "kind", "total", "create_time", "progress")
    actions = ("cancel_batches", "retry_batches")

    @admin.display(description=gettext_lazy("progress"))
    def progress(self, batch: Batch) -> str:
        """Its tasks by state."""
        if batch.kind not in kinds.registry:
            return _("Its kind is no longer here.")
        return ", ".join(f"{_(status)}: {count}" for status, count in counts(batch).items())

    def has_act_permission(self, request: HttpRequest) -> bool:
        """Who may cancel and retry the tasks of some kind; `act` leaves the other kinds' batches alone."""
        return any(may_act(request, kind) for kind in kinds.every())

    @admin.action(description=gettext_lazy("Cancel what is left of the selected batches"), permissions=["act"])
    def cancel_batches(self, request: HttpRequest, queryset: models.QuerySet[Batch]) -> None:
        """Cancel the tasks that have not ended."""

        def cancel(kind: Kind, filters: Filters) -> int:
            return cancel_matching(kind=kind, filters=filters, expected=MOST).changed

        self.act(request, queryset, cancel)

    @admin.action(description=gettext_lazy("Retry what failed or was cancelled of them"), permissions=["act"])
    def retry_batches(self, request: HttpRequest, queryset: models.QuerySet[Batch]) -> None:
        """Start the failed and cancelled tasks over."""
        identity = request.META["HTTP_X_REQUEST_ID"]

        def retry(kind: Kind, filters: Filters) -> int:
            return retry_matching(kind=kind, filters=filters, expected=MOST, request_id=identity).changed

        self.act(request, queryset, retry)

    def act(
        self, request: HttpRequest, queryset: models.QuerySet[Batch], change: Callable[[Kind, Filters], int]
    ) -> None:
        """Do it batch by batch, as many as a request can take."""
        allowed = {kind.name: kind for kind in kinds.every() if may_act(request, kind)}
        chosen = queryset.filter(kind__in=allowed)[:10]
        tell(self, request, sum(change(allowed[batch.kind], Filters(batch=batch.pk)) for batch in chosen))


@admin.register(Claim)
class ClaimAdmin(LookOnly):
    """What each process of a worker does now."""

    list_display = ("worker", "kind", "round", "first", "last", "held", "start_time")
    search_fields = ()
    ordering = ("worker",)

    @admin.display(description=gettext_lazy("held"), boolean=True)
    def held(self, claim: Claim) -> bool:
        """Whether it works on it still."""
        return claim.ids is not None


@admin.register(Worker)
class WorkerAdmin(LookOnly):
    list_display = ("name", "consuming", "since_time", "beat_time")
    search_fields = ()
    ordering = ("name",)


class RecordAdmin(LookOnly):
    """Celery's own record of a message: failures, with their traceback."""

    list_display = ("task_id", "task_name", "date_done", "status", "worker")
    list_filter = ("status",)
    fieldsets = TaskResultAdmin.fieldsets
    search_fields = ("task_id",)
    search_help_text = gettext_lazy("The whole id of the message")

    def get_search_results(
        self, request: HttpRequest, queryset: models.QuerySet[Any], search_term: str
    ) -> tuple[models.QuerySet[Any], bool]:
        """The record of this very message."""
        return queryset.filter(task_id=search_term) if search_term else queryset, False


def register_kinds() -> None:
    """An admin for each kind that has none."""
    for kind in kinds.every():
        if not admin.site.is_registered(kind.model):
            admin.site.register(kind.model, KindAdmin)


# Before the rest: what an app has registered for its own kind wins, wherever it stands in INSTALLED_APPS.
autodiscover_modules("admin", register_to=admin.site)
register_kinds()
admin.site.unregister([TaskResult, GroupResult])  # groups are not used here
admin.site.register(TaskResult, RecordAdmin)
