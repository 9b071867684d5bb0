"""The admin: to look at, to cancel and to retry. No list counts or sorts a whole table."""

from collections.abc import Callable
from functools import cached_property
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.core.paginator import Paginator
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django_celery_results.admin import TaskResultAdmin
from django_celery_results.models import GroupResult, TaskResult

from arithmetic.listing import BIGGEST_ID, LOOK_THROUGH, Filters
from arithmetic.models import Batch, MathTask, Worker
from arithmetic.operations import OPERATIONS
from arithmetic.services import CHUNK, MOST, Action, cancel_matching, change_these, retry_matching

PAGES_UP_TO = 10_000  # rows that can be paged through; older ones are found by filter, by id, or by the API


class BoundedPaginator(Paginator):  # type: ignore[type-arg]
    @cached_property
    def count(self) -> int:
        """Counts up to a bound: the pages beyond it would cost an OFFSET."""
        rows: models.QuerySet[Any] = self.object_list  # type: ignore[assignment]
        return rows.order_by().values("pk")[:PAGES_UP_TO].count()


class LookOnly(admin.ModelAdmin):  # type: ignore[type-arg]
    """Rows are written by the services alone: each change is one conditional UPDATE, which a form's save is not."""

    paginator = BoundedPaginator
    show_full_result_count = False
    ordering = ("-pk",)
    sortable_by = ()
    search_fields: ClassVar[tuple[str, ...]] = ("pk",)
    search_help_text = gettext_lazy("The whole id")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Never."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never: old rows go by themselves (RETENTION_DAYS)."""
        return False

    def has_act_permission(self, request: HttpRequest) -> bool:
        """Who may cancel and retry."""
        return bool(request.user.has_perm("arithmetic.change_mathtask"))

    def get_search_results(
        self, request: HttpRequest, queryset: models.QuerySet[Any], search_term: str
    ) -> tuple[models.QuerySet[Any], bool]:
        """The row with this very id."""
        if not search_term:
            return queryset, False
        known = search_term.isdecimal() and len(search_term) < 20 and int(search_term) <= BIGGEST_ID
        return queryset.filter(pk=int(search_term)) if known else queryset.none(), False


class OperationFilter(admin.SimpleListFilter):
    title = gettext_lazy("operation")
    parameter_name = "task_type"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """From the one dict, not from the table."""
        return [(name, f"{operation.symbol} {name}") for name, operation in OPERATIONS.items()]

    def queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> models.QuerySet[Any]:
        """By the operation; together with another filter, among its newest rows (no index has both)."""
        if not self.value():
            return queryset
        if not {"status__exact", "batch__exact"} & set(request.GET):
            return queryset.filter(task_type=self.value())
        newest = queryset.order_by("-pk").values_list("pk", "task_type")[:LOOK_THROUGH]
        return queryset.filter(pk__in=[pk for pk, task_type in newest if task_type == self.value()])


@admin.register(MathTask)
class MathTaskAdmin(LookOnly):
    list_display = ("id", "x", "task_type", "y", "status", "result", "attempts", "batch_id", "create_time")
    list_filter = ("status", OperationFilter)
    actions = ("cancel_tasks", "retry_tasks")

    @admin.action(description=gettext_lazy("Cancel the selected tasks"), permissions=["act"])
    def cancel_tasks(self, request: HttpRequest, queryset: models.QuerySet[MathTask]) -> None:
        """Cancel what has not ended of them."""
        self.act(request, queryset, "cancel")

    @admin.action(description=gettext_lazy("Retry the selected tasks"), permissions=["act"])
    def retry_tasks(self, request: HttpRequest, queryset: models.QuerySet[MathTask]) -> None:
        """Start the failed and cancelled ones of them over."""
        self.act(request, queryset, "retry")

    def act(self, request: HttpRequest, queryset: models.QuerySet[MathTask], action: Action) -> None:
        """Do it in bounded steps, and say for how many it was possible."""
        rows = list(queryset.values_list("pk", "queue")[:PAGES_UP_TO])
        identity = request.META["HTTP_X_REQUEST_ID"]
        steps = [rows[start : start + CHUNK] for start in range(0, len(rows), CHUNK)]
        tell(self, request, sum(change_these(action, step, identity) for step in steps), len(rows))


@admin.register(Batch)
class BatchAdmin(LookOnly):
    list_display = ("id", "total", "create_time")
    fields = ("id", "total", "create_time", "progress")
    actions = ("cancel_batches", "retry_batches")

    @admin.display(description=gettext_lazy("progress"))
    def progress(self, batch: Batch) -> str:
        """Its tasks by state."""
        return ", ".join(f"{_(status)}: {count}" for status, count in batch.counts().items())

    @admin.action(description=gettext_lazy("Cancel what is left of the selected batches"), permissions=["act"])
    def cancel_batches(self, request: HttpRequest, queryset: models.QuerySet[Batch]) -> None:
        """Cancel the tasks that have not ended."""
        self.act(request, queryset, lambda filters: cancel_matching(filters=filters, expected=MOST).changed)

    @admin.action(description=gettext_lazy("Retry what failed or was cancelled of them"), permissions=["act"])
    def retry_batches(self, request: HttpRequest, queryset: models.QuerySet[Batch]) -> None:
        """Start the failed and cancelled tasks over."""
        identity = request.META["HTTP_X_REQUEST_ID"]
        retry = lambda filters: retry_matching(filters=filters, expected=MOST, request_id=identity).changed  # noqa: E731
        self.act(request, queryset, retry)

    def act(self, request: HttpRequest, queryset: models.QuerySet[Batch], change: Callable[[Filters], int]) -> None:
        """Do it batch by batch, as many as a request can take."""
        ids = list(queryset.values_list("pk", flat=True)[:10])
        tell(self, request, sum(change(Filters(batch=pk)) for pk in ids))


def tell(model_admin: LookOnly, request: HttpRequest, changed: int, of: int | None = None) -> None:
    """How many tasks were changed."""
    text = ngettext("%(changed)d task was changed.", "%(changed)d tasks were changed.", changed) % {"changed": changed}
    if of is not None and changed < of:
        text += " " + _("The other ones were in a state in which that is not possible.")
    model_admin.message_user(request, text, messages.SUCCESS if changed else messages.WARNING)


@admin.register(Worker)
class WorkerAdmin(LookOnly):
    list_display = ("name", "consuming", "since_time", "beat_time")
    search_fields = ()
    ordering = ("name",)


admin.site.unregister([TaskResult, GroupResult])  # groups are not used here


@admin.register(TaskResult)
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
