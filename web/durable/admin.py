"""What /admin/ shows: every kind's rows, batches, claims, workers, events, and Celery's record of failures."""

from django.contrib import admin
from django.utils.module_loading import autodiscover_modules
from django_celery_results.models import GroupResult, TaskResult

from durable import kinds
from durable.claimed import Claim
from durable.http.admin import KindAdmin
from durable.http.batches_admin import BatchAdmin
from durable.http.events_admin import EventAdmin
from durable.http.records_admin import RecordAdmin
from durable.http.tokens_admin import TokenAdmin
from durable.http.workers_admin import ClaimAdmin, WorkerAdmin
from durable.models import Batch, Event, Token, Worker

admin.site.register(Batch, BatchAdmin)
admin.site.register(Claim, ClaimAdmin)
admin.site.register(Worker, WorkerAdmin)
admin.site.register(Event, EventAdmin)
admin.site.register(Token, TokenAdmin)


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
