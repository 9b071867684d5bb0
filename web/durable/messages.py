"""How many tasks share a message, and which."""

from collections.abc import Iterator, Sequence

from django.conf import settings

from durable.kinds import Kind

# From the first id of a message to its last. What looks for the claimed rows walks so far for each claim.
SPAN = 5_000


def size(kind: Kind) -> int:
    """The most that one message of the kind names."""
    return min(settings.TASKS_PER_MESSAGE, kind.per_message or settings.TASKS_PER_MESSAGE)


def cut(ids: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    """Ids, cut into messages of neighbours."""
    ids, start = sorted(ids), 0
    while start < len(ids):
        end = min(start + size, len(ids))
        while ids[end - 1] - ids[start] >= SPAN:
            end = start + max(1, (end - start) // 2)
        yield ids[start:end]
        start = end
