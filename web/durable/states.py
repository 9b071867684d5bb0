"""The states of a task."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Status(TextChoices):
    # stored; it begins when it is due (`due_time`). A state of its own, so that such rows lengthen no walk
    SCHEDULED = "scheduled", _("scheduled")
    # stored; a message for it is on its way or will be sent by the sweep
    CREATED = "created", _("created")
    # a worker has claimed it. No row says so: it is a created one that a claim covers
    PENDING = "pending", _("pending")
    # its result is stored
    SUCCESS = "success", _("success")
    # it ended without a result; `error` says why
    FAILED = "failed", _("failed")
    # somebody stopped it before it ended
    CANCELLED = "cancelled", _("cancelled")


CANCELLABLE = (Status.SCHEDULED, Status.CREATED, Status.PENDING)
RETRIABLE = (Status.FAILED, Status.CANCELLED)
ENDED = (Status.SUCCESS, Status.FAILED, Status.CANCELLED)
