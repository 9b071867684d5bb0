"""All routes of a site: `path("", include("durable.http.urls"))`. The first kind's pages are at the root."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from django.views.i18n import set_language

from durable import kinds
from durable.http import actions, pages, uploads
from durable.http.api import api
from durable.kinds import Kind


def pages_of(kind: Kind) -> list[URLPattern]:
    """The pages of one kind."""
    given = {"kind": kind}
    return [
        path("", pages.index, given, name="index"),
        path("tasks", pages.tasks, given, name="tasks"),
        path("tasks/act", actions.act, given, name="act"),
        path("tasks/many", actions.many, given, name="many"),
        path("batches", uploads.upload, given, name="upload"),
    ]


urlpatterns: list[URLPattern | URLResolver] = [
    path("api/", api.urls),
    path("admin/", admin.site.urls),
    path("batches/cancel", uploads.cancel, name="cancel_batch"),
    path("batches/<int:batch_id>", uploads.show, name="batch"),
    path("language", set_language, name="set_language"),
    # by the bare names those of the first kind, and `name:index` for each
    *pages_of(kinds.first()),
    *(path(kind.page, include((pages_of(kind), kind.name))) for kind in kinds.every()),
]
