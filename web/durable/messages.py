"""How many tasks share a message, how many of them a worker takes at once, and which."""

from collections.abc import Iterator, Sequence

from durable import limits
from durable.kinds import Kind

# From the first id of a message to its last. What looks for the claimed rows walks so far for each claim.
SPAN = 5_000
# In one message, of slow tasks, too: so what waits is few messages, which cost little if all of it is cancelled.
MOST = 500


def size(kind: Kind) -> int:
    """The most tasks of the kind that a worker takes at once; the rest of their message goes back before it begins."""
    return limits.per_message(kind)


def cut(ids: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    """Ids, cut into messages of neighbours."""
    ids, start = sorted(ids), 0
    while start < len(ids):
        end = min(start + size, len(ids))
        while ids[end - 1] - ids[start] >= SPAN:
            end = start + max(1, (end - start) // 2)
        yield ids[start:end]
        start = end
