"""All routes."""

from django.urls import include, path

from arithmetic.api import api

urlpatterns = [
    path("api/", api.urls),
    path("", include("arithmetic.urls")),
]
