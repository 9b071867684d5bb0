"""Rows in the admin that are looked at and not edited. No list counts or sorts a whole table."""

from functools import cached_property
from typing import Any, ClassVar

from django.contrib import admin
from django.core.paginator import Paginator
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy

from durable.listing import BIGGEST_ID

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
    change_form_template = "durable/admin_row.html"
    labels: Any = ""  # what people call its rows, where the model's own words are not made for them

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

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The list, under its own name."""
        title = capfirst(self.labels or self.opts.verbose_name_plural)
        return super().changelist_view(request, {"title": title, **(extra_context or {})})
