"""What workers sent back of messages, as the cache has it: it waits behind a probe of the sweep that is under way.

Each is a number, counted up, and under it the first id and the last. A probe (durable.sweep) carries the number at
which it was sent, so several may be under way. While it is, each message is sent back once: there are no more of these.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import suppress

from django.core.cache import cache
from redis.exceptions import RedisError

from durable.kinds import Kind

Noted = tuple[str, int, int, int]  # kind, round, first id, last id
SLICE = 1_000  # entries of the cache that are asked for, or removed, at once


def note(queue: str, kind: Kind, round: int, ids: Sequence[int]) -> None:
    """Before they are published: these are sent back.

    Nothing where the cache is away, as it may be where Redis is not the broker: a probe asks the same one.
    """
    with suppress(RedisError, ValueError):  # of a number that was wiped a moment ago
        cache.add(counter(queue), 0, timeout=None)
        cache.set(entry(queue, cache.incr(counter(queue))), [kind.name, round, ids[0], ids[-1]], timeout=None)


def counted(queue: str) -> int:
    """How many there have been."""
    return int(cache.get(counter(queue), 0))


def since(queue: str, number: int) -> "Behind | None":
    """What was noted after that one; None where that is not known for sure."""
    last = counted(queue)
    noted = [cache.get_many(names) for names in entries(queue, number, last)]
    known = last >= number and sum(map(len, noted)) == last - number
    return Behind([tuple(value) for part in noted for value in part.values()]) if known else None


def forget(queue: str, number: int | None = None) -> None:
    """What was noted up to there, or all of it, while the queue is empty: no probe asks for it any more."""
    with suppress(RedisError):
        last, done = counted(queue) if number is None else number, int(cache.get(forgotten(queue), 0))
        for names in entries(queue, done, last):
            cache.delete_many(names)
        if last != done:
            cache.set(forgotten(queue), last, timeout=None)


def counter(queue: str) -> str:
    """The cache's key of how many."""
    return f"sent_back:{queue}"


def forgotten(queue: str) -> str:
    """That of the last one that was removed."""
    return f"sent_back:{queue}:forgotten"


def entry(queue: str, number: int) -> str:
    """That of one."""
    return f"sent_back:{queue}:{number}"


def entries(queue: str, after: int, last: int) -> Iterator[list[str]]:
    """Those of all in between, in slices."""
    for start in range(after + 1, last + 1, SLICE):
        yield [entry(queue, number) for number in range(start, min(start + SLICE, last + 1))]


class Behind:
    """Tasks that wait behind a probe, for many rows at once."""

    def __init__(self, noted: Sequence[Noted] = ()) -> None:
        self.ends = defaultdict[tuple[str, int], list[tuple[int, int]]](list)  # (first, last), none in another
        for kind, round, first, last in sorted(noted):
            spans = self.ends[kind, round]
            if spans and first <= spans[-1][1] + 1:
                spans[-1] = (spans[-1][0], max(last, spans[-1][1]))
            else:
                spans.append((first, last))

    def has(self, kind: Kind, identity: int, round: int) -> bool:
        """Whether a row may be one of them."""
        spans = self.ends.get((kind.name, round), [])
        place = bisect_right(spans, identity, key=lambda span: span[0])
        return place > 0 and identity <= spans[place - 1][1]
