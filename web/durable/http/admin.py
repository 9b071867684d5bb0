"""How the rows of a kind look in the admin: to look at, to cancel and to retry.

An adopter's own admin class of a kind extends KindAdmin and is registered in the usual way; it then takes the place
of the one that is made here.
"""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html_join
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop, ngettext
from django_celery_results.models import TaskResult

from durable import actions, words
from durable.actions import CHUNK, Action, change_these
from durable.events import ATTEMPT, Event
from durable.http import cells
from durable.http.admin_filters import filters
from durable.http.asked import task_address
from durable.http.by import by
from durable.http.look_only import PAGES_UP_TO, LookOnly
from durable.kinds import Kind

ACTIONS: dict[str, Any] = {"cancel": actions.cancel_task, "retry": actions.retry_task}


def may_act(request: HttpRequest, kind: Kind) -> bool:
    """Whether the reader may cancel and retry its tasks."""
    meta = kind.model._meta
    return bool(request.user.has_perm(f"{meta.app_label}.change_{meta.model_name}"))


class KindAdmin(LookOnly):
    """The rows of one kind."""

    actions = ("cancel_tasks", "retry_tasks")

    def __init__(self, model: Any, site: admin.AdminSite) -> None:
        super().__init__(model, site)
        self.kind: Kind = model.kind

    def get_list_display(self, request: HttpRequest) -> Any:
        """What the class says, else what lists show."""
        own = super().get_list_display(request)
        shown = (cells.column(self.kind.fields[name]) for name in self.kind.listed)
        derived = ("id", *shown, cells.status, cells.error, cells.batch, cells.ran)
        return (*derived, "attempts", "created_by", cells.created) if tuple(own) == ("__str__",) else own

    def get_list_filter(self, request: HttpRequest) -> Any:
        """What the class says, else the state and the kind's own."""
        return super().get_list_filter(request) or filters(self.kind)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """What the class says, else all that is known of it, its id first."""
        if self.fieldsets or self.fields:
            return super().get_fieldsets(request, obj)
        own = [cells.column(self.kind.fields[name]) for name in (*self.kind.inputs, *self.kind.outputs)]
        times = (cells.created, cells.started, cells.updated, cells.ran)
        return (
            (None, {"fields": ("id", cells.status, cells.error, *own)}),
            (_("Its way"), {"fields": (*times, "attempts", "worker", records)}),
            (_("Where it comes from"), {"fields": (cells.batch, "created_by", cells.request, "queue")}),
        )

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        """Rows as people see them, the pending ones told apart."""
        rows: models.QuerySet[Any] = self.model._default_manager.shown()
        return rows.order_by(*self.ordering)

    def view_on_site(self, obj: Any) -> str:
        """Its page, which people without the admin see."""
        return task_address(obj)

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        """Its page, with the one button that would do something."""
        task = kwargs["obj"]
        possible = "cancel" if task.can_cancel else "retry" if task.can_retry else ""
        context["title"] = f"{capfirst(self.opts.verbose_name)} {task.pk}"
        context |= {"subtitle": None, "action": self.has_act_permission(request) and possible}
        context["act"] = self.address("act", task.pk)
        return super().render_change_form(request, context, *args, **kwargs)

    def address(self, what: str, *args: Any) -> str:
        """Of one of its pages."""
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_{what}", args=args)

    def get_urls(self) -> list[URLPattern]:
        """Django's, and where a task's button sends to."""
        name = f"{self.opts.app_label}_{self.opts.model_name}_act"
        own = path("<path:object_id>/act/", self.admin_site.admin_view(self.act_on), name=name)
        return [own, *super().get_urls()]

    def act_on(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Cancel or retry one task, and show what came of it."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not (self.has_view_permission(request) and self.has_act_permission(request)):
            raise PermissionDenied
        action, identity = request.POST.get("action", ""), int(object_id) if object_id.isdecimal() else 0
        try:
            if action not in ACTIONS:
                raise actions.NoSuchTask(words.say(gettext_noop("Choose what is to be done: cancel or retry.")))
            ACTIONS[action](kind=self.kind, task_id=identity, by=by(request))
        except actions.NoSuchTask as error:
            self.message_user(request, words.translated(words.of(error)), messages.ERROR)
            return redirect(self.address("changelist"))
        except actions.NotPossible as error:
            self.message_user(request, words.translated(words.of(error)), messages.WARNING)
        return redirect(self.address("change", identity))

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
        tell(self, request, sum(change_these(self.kind, action, step, by(request)) for step in steps), len(ids))


@admin.display(description=gettext_lazy("Celery's record"))
def records(task: Any) -> Any:
    """Links to the records of the messages in which it failed, with their tracebacks: two indexed statements."""
    attempts = Event.objects.filter(kind=task.kind.name, subject=str(task.pk), what=ATTEMPT).exclude(request_id="")
    ids = list(attempts.order_by("-id").values_list("request_id", flat=True)[: actions.CHUNK])
    found = TaskResult.objects.filter(task_id__in=ids).order_by("-pk") if ids else ()
    where = "admin:django_celery_results_taskresult_change"
    rows = [(reverse(where, args=[row.pk]), row.task_id, cells.moment(row.date_done)) for row in found]
    return format_html_join(", ", '<a href="{}">{}</a> {}', rows) or cells.NOTHING


def tell(model_admin: LookOnly, request: HttpRequest, changed: int, of: int | None = None) -> None:
    """How many tasks were changed."""
    text = ngettext("%(changed)d task was changed.", "%(changed)d tasks were changed.", changed) % {"changed": changed}
    if of is not None and changed < of:
        text += " " + _("The other ones were in a state in which that is not possible.")
    model_admin.message_user(request, text, messages.SUCCESS if changed else messages.WARNING)
