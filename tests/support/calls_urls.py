"""The addresses of support.calls."""

from django.contrib.auth.models import Group
from django.db import transaction
from django.http import HttpRequest, JsonResponse
from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt

from durable.jobs.models import Job
from support import errands
from support.calls import CALLS_DIR


@csrf_exempt
def call(request: HttpRequest, name: str) -> JsonResponse:
    """A row of the site's own and a call, in one transaction; where it is told to, that is rolled back."""
    with transaction.atomic():
        Group.objects.create(name=name)
        result = errands.write.enqueue(str(CALLS_DIR), name, seconds=0.05)
        if name.startswith("undone"):
            transaction.set_rollback(True)
    return JsonResponse({"id": result.id}, status=201)


def calls(request: HttpRequest) -> JsonResponse:
    """What there is: the site's own rows, and the state of each call."""
    states = {job.arguments["args"][1]: job.status for job in Job.objects.shown()}
    return JsonResponse({"rows": list(Group.objects.values_list("name", flat=True)), "calls": states})


urlpatterns = [
    path("call/<str:name>", call),
    path("calls", calls),
    path("", include("durable.http.urls")),
]
