"""Workers and their processes in the admin."""

from typing import Any, ClassVar

from django.contrib import admin
from django.utils.translation import gettext, gettext_lazy

from durable.claimed import Claim
from durable.http import cells
from durable.http.look_only import LookOnly
from durable.models import Worker


@admin.display(description=gettext_lazy("processes"))
def processes(worker: Worker) -> int:
    """How many it has."""
    return len(worker.pids)


@admin.display(description=gettext_lazy("takes messages"), boolean=True)
def takes(worker: Worker) -> bool:
    """Whether it is connected to the broker."""
    return worker.consuming


class WorkerAdmin(LookOnly):
    """Who is alive: a row without a sign for some seconds is of a worker that is gone."""

    since = cells.time_of("since_time", gettext_lazy("running since"))
    last = cells.time_of("beat_time", gettext_lazy("last sign"))
    list_display: Any = ("name", takes, processes, since, last)
    fields: ClassVar[Any] = ("name", takes, processes, "pids", since, last)
    search_fields = ()
    ordering = ("name",)
    labels = gettext_lazy("workers")


@admin.display(description=gettext_lazy("at work"), boolean=True)
def at_work(claim: Claim) -> bool:
    """Whether it works on it still."""
    return claim.ids is not None


@admin.display(description=gettext_lazy("tasks"))
def tasks(claim: Claim) -> Any:
    """The first and the last id of what it took."""
    if not claim.last:
        return cells.NOTHING
    return gettext("{first} to {last}").format(first=claim.first, last=claim.last)


class ClaimAdmin(LookOnly):
    """What each process of a worker does now."""

    began = cells.time_of("start_time", gettext_lazy("began"))
    list_display: Any = ("worker", at_work, "kind", tasks, began)
    fields: ClassVar[Any] = ("worker", at_work, "kind", tasks, began, "round", "ids")
    search_fields = ()
    ordering = ("worker",)
    labels = gettext_lazy("processes of workers")
