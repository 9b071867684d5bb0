"""The routes; /live and /ready are what the containers' health checks ask for."""

from django.urls import path

from bench.reference import views

urlpatterns = [
    path("documented", views.documented),
    path("bare", views.bare),
    path("live", views.well),
    path("ready", views.well),
]
