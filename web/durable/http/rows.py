"""Rows of the list as HTML. One that has not changed is not rendered again: a page costs what is new in it."""

from datetime import datetime
from functools import cache
from typing import Any

from django.conf import settings
from django.template.loader import select_template
from django.utils.html import format_html
from django.utils.translation import get_language

from durable.http.asked import templates
from durable.kinds import Kind

REMEMBERED = 4_000  # rows, about a kilobyte each
_known: dict[tuple[Any, ...], str] = {}


def rows(kind: Kind, tasks: list[Any], may_write: bool, since: datetime | None = None) -> list[str]:
    """A row for each task; an empty one for what has not changed since then."""
    return [
        format_html('<tr id="task-{}"></tr>', task.pk)
        if since and task.update_time < since
        else row(kind, task, may_write)
        for task in tasks
    ]


def row(kind: Kind, task: Any, may_write: bool) -> str:
    """One of them: what is in it follows from the task, the language, and whether the reader may change tasks."""
    state = (task.status, task.round, task.attempts, task.update_time, task.progress, task.progress_words)
    key = (kind.name, task.pk, get_language(), may_write, *state)
    found = _known.get(key)
    if found is None or settings.DEV:  # where a template may change at any time
        found = template(kind).render({"kind": kind, "task": task, "may_write": may_write, **columns(kind)})
        if len(_known) >= REMEMBERED:
            _known.clear()
        _known[key] = found
    return found


@cache
def template(kind: Kind) -> Any:
    """That of a kind's rows."""
    return select_template(templates(kind, "_row.html"))


@cache
def columns(kind: Kind) -> dict[str, list[str]]:
    """What the list shows of a task, in two parts."""
    return {
        "shown_inputs": [name for name in kind.listed if name not in kind.outputs],
        "shown_outputs": [name for name in kind.listed if name in kind.outputs],
    }
