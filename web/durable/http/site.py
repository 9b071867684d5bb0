"""The admin as a part of the site: its name, and sections by what things are for, whichever app they come from."""

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.contrib.admin.apps import AdminConfig as DjangosAdmin
from django.http import HttpRequest
from django.utils.text import capfirst
from django.utils.translation import gettext, gettext_lazy, gettext_noop

from durable import kinds

# Models of other apps than these stay in a section of their app.
SECTIONS = {
    gettext_noop("Tasks"): (),  # every kind's, wherever it is declared
    gettext_noop("What goes on"): ("Batch", "Worker", "Claim", "Event", "TaskResult"),
    gettext_noop("Who may do what"): ("User", "Group", "Token"),
}
OURS = ("durable", "django_celery_results", "auth")
Listed = dict[str, Any]


class AdminConfig(DjangosAdmin):
    """In INSTALLED_APPS in the place of Django's own."""

    default_site = "durable.http.site.Site"


class Site(admin.AdminSite):
    """Django's, with the site's name."""

    site_header = site_title = settings.SITE_NAME
    index_title = gettext_lazy("Behind the scenes")

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Listed]:
        """The sections; of one app alone, that app."""
        apps: list[Listed] = super().get_app_list(request, app_label)
        for model in (model for app in apps for model in app["models"]):
            labels = getattr(self.get_model_admin(model["model"]), "labels", None)
            model["name"] = capfirst(labels) if labels else model["name"]
        return apps if app_label else sections(apps)


def sections(apps: list[Listed]) -> list[Listed]:
    """What each app lists, sorted anew."""
    found: list[Listed] = []
    for name, order in SECTIONS.items():
        taken = [(app, model) for app in apps for model in app["models"] if section(app, model) == name]
        taken.sort(key=lambda pair: place(pair[1], order))
        if taken:
            found.append({**taken[0][0], "name": gettext(name), "models": [model for _, model in taken]})
    for app in apps:
        rest = [model for model in app["models"] if not section(app, model)]
        found += [{**app, "models": rest}] if rest else []
    return found


def place(model: Listed, order: tuple[str, ...]) -> int:
    """In its section; kinds in the order in which they were declared."""
    return order.index(model["object_name"]) if order else kinds.every().index(model["model"].kind)


def section(app: Listed, model: Listed) -> str:
    """Which one a model belongs to; empty for its app's own."""
    if getattr(model["model"], "kind", None) in kinds.every():
        return next(iter(SECTIONS))
    if app["app_label"] not in OURS:
        return ""
    return next((name for name, order in SECTIONS.items() if model["object_name"] in order), "")
