"""What was done, by whom and from where: written with what it tells of, never changed, gone after RETENTION_DAYS."""

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from durable.by import NAME, By

SUBJECT, DETAIL = 128, 255  # characters: the columns'


class Event(models.Model):
    """Something that somebody did. What is created has no event: its row says `created_by`."""

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


def record(what: str, by: By, *, kind: str = "", subject: str = "", count: int = 1, detail: str = "") -> None:
    """Write one, in the transaction of what it tells of. What strangers sent is cut to the columns' lengths."""
    Event.objects.create(
        what=what, by=by.name[:NAME], address=by.address, request_id=by.request_id,
        kind=kind, subject=subject[:SUBJECT], count=count, detail=detail[:DETAIL],
    )  # fmt: skip
