"""What was done, by whom and from where: written with what it tells of, never changed, gone after RETENTION_DAYS."""

from collections.abc import Iterable, Mapping
from typing import Literal, get_args

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from durable.by import NAME, By

What = Literal[
    "cancel", "retry", "cancel many", "retry many", "batch", "pause", "resume", "attempt failed",
    "login", "login failed", "logout", "token made", "token revoked",
]  # fmt: skip
WHATS: tuple[str, ...] = get_args(What)
ATTEMPT: What = "attempt failed"
SUBJECT, DETAIL = 128, 255  # characters: the columns'
# Filters that no index serves are looked for in so many rows for one page, and `next` goes on from there.
LOOK_THROUGH = 2_000
INDEXED = ({"kind", "subject"}, {"what", "subject"})


class Event(models.Model):
    """Something that somebody did, or an attempt that failed.

    Of an attempt `by` is its worker, `count` its number, and `request_id` Celery's id of the message that it came in.

    What is created has no event: its row says `created_by`.
    """

    time = models.DateTimeField(_("time"), db_default=Now())
    by = models.CharField(_("by"), max_length=NAME, default="", db_default="")
    address = models.CharField(_("address"), max_length=45, default="", db_default="")
    request_id = models.CharField(_("request"), max_length=64, default="", db_default="")
    what = models.CharField(_("what"), max_length=32)
    # on what: a kind's task or batch, or several; or an account, a token
    kind = models.CharField(_("kind"), max_length=64, default="", db_default="")
    subject = models.CharField(_("subject"), max_length=SUBJECT, default="", db_default="")
    count = models.PositiveIntegerField(_("how many"), default=1, db_default=1)
    detail = models.CharField(_("detail"), max_length=DETAIL, default="", db_default="")

    class Meta:
        verbose_name, verbose_name_plural = _("event"), _("events")
        # InnoDB ends each with the id, so that it also gives the newest first.
        indexes = [
            # how often something was tried lately, by account and by address
            models.Index(fields=["what", "subject"]),
            models.Index(fields=["what", "address"]),
            # what became of a task
            models.Index(fields=["kind", "subject"]),
            # the purge's old ones
            models.Index(fields=["time"]),
        ]

    def __str__(self) -> str:
        return f"{self.what} {self.kind} {self.subject}".strip()


def record(what: What, by: By, *, kind: str = "", subject: str = "", count: int = 1, detail: str = "") -> None:
    """Write one, in the transaction of what it tells of. What strangers sent is cut to the columns' lengths."""
    Event.objects.create(
        what=what, by=by.name[:NAME], address=by.address, request_id=by.request_id,
        kind=kind, subject=subject[:SUBJECT], count=count, detail=detail[:DETAIL],
    )  # fmt: skip


def record_attempts(kind: str, worker: str, detail: str, attempts: Iterable[tuple[int, int]]) -> None:
    """Write one for each (task, number of the attempt), for the same reason. An outcome's are written with it."""
    rows = [
        Event(what=ATTEMPT, by=worker, kind=kind, subject=str(identity), count=number, detail=detail[:DETAIL])
        for identity, number in attempts
    ]
    Event.objects.bulk_create(rows)


def page(wanted: Mapping[str, str], before: int | None, size: int) -> tuple[list[Event], int | None]:
    """The newest with these values, older than `before`, and the next page's `before`; None where nothing follows."""
    rows = Event.objects.order_by("-id") if before is None else Event.objects.filter(id__lt=before).order_by("-id")
    served = next((names for names in INDEXED if names <= set(wanted)), set[str]())
    rows = rows.filter(**{name: wanted[name] for name in served})
    rest = {name: value for name, value in wanted.items() if name not in served}
    most = LOOK_THROUGH if rest else size + 1
    looked = list(rows.values_list("id", *rest)[:most])
    ids = [row[0] for row in looked if row[1:] == tuple(rest.values())]
    found = Event.objects.in_bulk(ids[:size])
    events = [found[identity] for identity in ids[:size] if identity in found]
    if len(ids) > size:
        return events, ids[size - 1]
    return events, looked[-1][0] if rest and len(looked) == most else None


def of_people(size: int) -> list[Event]:
    """The newest that somebody caused, among the newest of all: failed attempts may be very many."""
    looked = Event.objects.order_by("-id").values_list("id", "what")[:LOOK_THROUGH]
    ids = [identity for identity, what in looked if what != ATTEMPT][:size]
    return list(Event.objects.filter(id__in=ids).order_by("-id"))
