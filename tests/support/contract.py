"""What users of django.tasks import, from where it is with this Django."""

from typing import TYPE_CHECKING

import django

if TYPE_CHECKING or django.VERSION < (6,):
    from django_tasks import default_task_backend, task, task_backends
    from django_tasks.exceptions import TaskResultMismatch
else:
    from django.tasks import default_task_backend, task, task_backends
    from django.tasks.exceptions import TaskResultMismatch

__all__ = ["TaskResultMismatch", "default_task_backend", "task", "task_backends"]
