"""All routes."""

from django.urls import include, path

from arithmetic.api import api
from config import health

urlpatterns = [
    path("health", health.health),
    path("api/", api.urls),
    path("", include("arithmetic.urls")),
]
