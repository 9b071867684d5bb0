"""Pages of tasks, newest first, by keyset: a page costs the same however long the table is."""

from dataclasses import dataclass

from arithmetic.models import MathTask

PAGE = 50


@dataclass(frozen=True)
class Page:
    """Tasks, and the cursors (ids) of the pages around them; None where there is none."""

    tasks: list[MathTask]
    next: int | None
    previous: int | None


def page(*, before: int | None = None, after: int | None = None, size: int = PAGE) -> Page:
    """The page of tasks older than `before`, or the one just newer than `after`, or the newest."""
    rows = MathTask.objects.all()
    if after is not None:
        newer = list(rows.filter(id__gt=after).order_by("id")[: size + 1])
        tasks = newer[:size][::-1]
        return Page(tasks, tasks[-1].pk if tasks else None, tasks[0].pk if len(newer) > size else None)
    if before is not None:
        rows = rows.filter(id__lt=before)
    older = list(rows.order_by("-id")[: size + 1])
    tasks = older[:size]
    more = len(older) > size
    return Page(tasks, tasks[-1].pk if more else None, tasks[0].pk if tasks and before is not None else None)
