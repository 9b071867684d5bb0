"""The routes of the domain."""

from django.urls import path
from django.views.i18n import set_language

from arithmetic import actions, uploads, views

urlpatterns = [
    path("", views.index, name="index"),
    path("tasks", views.tasks, name="tasks"),
    path("tasks/act", actions.act, name="act"),
    path("tasks/many", actions.many, name="many"),
    path("batches", uploads.upload, name="upload"),
    path("batches/cancel", uploads.cancel, name="cancel_batch"),
    path("batches/<int:batch_id>", uploads.show, name="batch"),
    path("language", set_language, name="set_language"),
]
