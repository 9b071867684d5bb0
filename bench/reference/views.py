"""The two ways to create a task that ours is compared with."""

import json

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from bench.reference.models import Bare, Documented, Task
from bench.reference.tasks import compute


@csrf_exempt
@require_POST
def documented(request: HttpRequest) -> JsonResponse:
    """The documented way: INSERT, then `delay()`."""
    task = Documented.objects.create(**fields(request))
    compute.delay(task.pk)
    return told(task)


@csrf_exempt
@require_POST
def bare(request: HttpRequest) -> JsonResponse:
    """INSERT on a kept connection, and no more."""
    return told(Bare.objects.using("kept").create(**fields(request)))


def fields(request: HttpRequest) -> dict[str, str]:
    """What the body says."""
    body = json.loads(request.body)
    return {name: body[name] for name in ("x", "task_type", "y")}


def told(task: Task) -> JsonResponse:
    """201 with the task."""
    return JsonResponse({"id": task.pk, "x": task.x, "task_type": task.task_type, "y": task.y}, status=201)


def well(request: HttpRequest) -> HttpResponse:
    """For the health checks."""
    return HttpResponse()
