"""How rows look in the admin: to look at, to cancel and to retry. No list counts or sorts a whole table.

An adopter's own admin class of a kind extends KindAdmin and is registered in the usual way; it then takes the place
of the one that is made here.
"""

from functools import cache, cached_property
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.core.paginator import Paginator
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from durable.kinds import Kind
from durable.listing import BIGGEST_ID, LOOK_THROUGH, in_state
from durable.models import Status
from durable.services import CHUNK, Action, change_these

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

    def get_search_results(
        self, request: HttpRequest, queryset: models.QuerySet[Any], search_term: str
    ) -> tuple[models.QuerySet[Any], bool]:
        """The row with this very id."""
        if not search_term:
            return queryset, False
        known = search_term.isdecimal() and len(search_term) < 20 and int(search_term) <= BIGGEST_ID
        return queryset.filter(pk=int(search_term)) if known else queryset.none(), False


def may_act(request: HttpRequest, kind: Kind) -> bool:
    """Whether the reader may cancel and retry its tasks."""
    meta = kind.model._meta
    return bool(request.user.has_perm(f"{meta.app_label}.change_{meta.model_name}"))


class StatusFilter(admin.SimpleListFilter):
    """By state as people see it: a row does not say that it is pending."""

    title = gettext_lazy("status")
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """All states."""
        return list(Status.choices)

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


class KindAdmin(LookOnly):
    """The rows of one kind."""

    actions = ("cancel_tasks", "retry_tasks")

    def __init__(self, model: Any, site: admin.AdminSite) -> None:
        super().__init__(model, site)
        self.kind: Kind = model.kind

    def get_list_display(self, request: HttpRequest) -> Any:
        """What the class says, else what lists show."""
        own = super().get_list_display(request)
        derived = ("id", *self.kind.listed, "status", "attempts", "batch_id", "create_time")
        return derived if tuple(own) == ("__str__",) else own

    def get_list_filter(self, request: HttpRequest) -> Any:
        """What the class says, else the state and the kind's own."""
        return super().get_list_filter(request) or filters(self.kind)

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        """Rows as people see them, the pending ones told apart."""
        rows: models.QuerySet[Any] = self.model._default_manager.shown()
        return rows.order_by(*self.ordering)

    def has_act_permission(self, request: HttpRequest) -> bool:
        """Who may cancel and retry."""
        return may_act(request, self.kind)

    @admin.action(description=gettext_lazy("Cancel the selected tasks"), permissions=["act"])
    def cancel_tasks(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> None:
        """Cancel what has not ended of them."""
        self.act(request, queryset, "cancel")

    @admin.action(description=gettext_lazy("Retry the selected tasks"), permissions=["act"])
    def retry_tasks(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> None:
        """Start the failed and cancelled ones of them over."""
        self.act(request, queryset, "retry")

    def act(self, request: HttpRequest, queryset: models.QuerySet[Any], action: Action) -> None:
        """Do it in bounded steps, and say for how many it was possible."""
        ids = list(queryset.values_list("pk", flat=True)[:PAGES_UP_TO])
        steps = [ids[start : start + CHUNK] for start in range(0, len(ids), CHUNK)]
        identity = request.META["HTTP_X_REQUEST_ID"]
        tell(self, request, sum(change_these(self.kind, action, step, identity) for step in steps), len(ids))


def tell(model_admin: LookOnly, request: HttpRequest, changed: int, of: int | None = None) -> None:
    """How many tasks were changed."""
    text = ngettext("%(changed)d task was changed.", "%(changed)d tasks were changed.", changed) % {"changed": changed}
    if of is not None and changed < of:
        text += " " + _("The other ones were in a state in which that is not possible.")
    model_admin.message_user(request, text, messages.SUCCESS if changed else messages.WARNING)
