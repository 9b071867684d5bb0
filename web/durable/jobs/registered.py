"""Which functions may be called: those that @task has made a task of, under the name that their row has."""

from typing import Any

from django.utils.module_loading import import_string

from durable.jobs.contract import Task


def find(path: str) -> "Task[Any, Any]":
    """The task of this name, such as shop.tasks.thumbnail; LookupError where there is none."""
    try:
        found = import_string(path)
    except ImportError as error:
        raise LookupError(f"{path}: {error}") from None
    if not isinstance(found, Task):
        raise LookupError(f"{path} is no task: put @task on it")
    return found
