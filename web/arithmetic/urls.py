"""The routes of the domain."""

from django.urls import path

from arithmetic import views

urlpatterns = [
    path("", views.index, name="index"),
    path("tasks", views.tasks, name="tasks"),
]
