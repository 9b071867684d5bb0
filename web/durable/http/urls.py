"""All routes of a site: `path("", include("durable.http.urls"))`. The first kind's pages are at the root."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from django.views.i18n import set_language

from durable import kinds
from durable.http import accounts, actions, activity, batch_pages, pages, task_page, uploads
from durable.http.api import api
from durable.kinds import Kind
from durable.pauses import pause, resume


def pages_of(kind: Kind) -> list[URLPattern]:
    """The pages of one kind."""
    given = {"kind": kind}
    creation = [
        path("batches/new", uploads.upload, given, name="upload"),
        path("batches/sample.csv", uploads.sample, given, name="sample"),
        path("tasks/<int:task_id>/again", task_page.again, given, name="again"),
    ]
    return [
        path("", pages.index, given, name="index"),
        path("tasks", pages.tasks, given, name="tasks"),
        path("tasks/now", pages.now, given, name="now"),
        path("tasks/act", actions.act, given, name="act"),
        path("tasks/many", actions.many, given, name="many"),
        path("tasks/chosen", actions.chosen, given, name="chosen"),
        path("tasks/<int:task_id>", task_page.show, given, name="task"),
        path("tasks/<int:task_id>/now", task_page.now, given),
        path("tasks/<int:task_id>/brief", task_page.brief, given),
        path("tasks/pause", actions.switch, {**given, "change": pause}, name="pause"),
        path("tasks/resume", actions.switch, {**given, "change": resume}, name="resume"),
        *(creation if kind.creatable else ()),
    ]


urlpatterns: list[URLPattern | URLResolver] = [
    path("api/", api.urls),
    path("login", accounts.login, name="login"),
    path("logout", accounts.logout, name="logout"),
    path("admin/login/", accounts.admin_login),
    path("admin/", admin.site.urls),
    path("activity", activity.activity, name="activity"),
    path("activity/now", activity.now, name="activity_now"),
    path("batches", batch_pages.index, name="batches"),
    path("batches/cancel", uploads.cancel, name="cancel_batch"),
    path("batches/<int:batch_id>", batch_pages.show, name="batch"),
    path("batches/<int:batch_id>/now", batch_pages.now, name="batch_now"),
    path("batches/<int:batch_id>/panel", batch_pages.panel, name="batch_panel"),
    path("language", set_language, name="set_language"),
    # by the bare names those of the first kind, and `name:index` for each
    *pages_of(kinds.first()),
    *(path(kind.page, include((pages_of(kind), kind.name))) for kind in kinds.every()),
]
