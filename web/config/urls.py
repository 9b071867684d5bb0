"""All routes: the engine's pages, API and /admin/ at the root."""

from django.urls import include, path

urlpatterns = [path("", include("durable.http.urls"))]
