"""What is seen, as Prometheus's families: its usual names, in seconds, and a zero where there is nothing yet."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from prometheus_client import Metric
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    SummaryMetricFamily,
)

from durable import kinds
from durable.counters import BOUNDS, RUNS, WAITS
from durable.metrics import Held, Seen

Rows = Iterable[tuple[Sequence[str], float]]
ENDS, TRIES = ("success", "failed", "cancelled"), ("success", "failed", "again")
BROUGHT_BACK = ("lost worker", "lost message", "resumed")
REFUSED = (
    "unknown host", "another site", "unknown token", "no name", "no right", "wrong password", "too many passwords",
    "too many wait",
)  # fmt: skip
PUBLISHED = {"handed over": "were handed over", "sent": "were sent", "dropped": "were left to the sweep"}


def of(seen: Seen) -> Iterator[Metric]:
    """All families."""
    yield database(up=True)
    yield from counted(seen.counted)
    yield from of_tasks(seen)
    yield from of_claims(seen.held)
    yield from of_workers(seen)
    yield from tallied(seen.tallied)


def gauge(name: str, words: str, labels: Sequence[str], rows: Rows) -> Metric:
    """A level."""
    found = GaugeMetricFamily(name, words, labels=labels)
    for values, number in rows:
        found.add_metric(values, number)
    return found


def counters(name: str, words: str, labels: Sequence[str], rows: Rows) -> Metric:
    """What only grows; Prometheus's client ends its name in _total."""
    found = CounterMetricFamily(name, words, labels=labels)
    for values, number in rows:
        found.add_metric(values, number)
    return found


def counter(name: str, words: str, labels: Mapping[str, str], number: float) -> Metric:
    """A single one."""
    return counters(name, words, list(labels), [(list(labels.values()), number)])


def database(*, up: bool) -> Metric:
    """Without it there is nothing else to tell."""
    return gauge("durable_database_up", "Whether the database answers.", (), [((), up)])


def counted(sums: Mapping[tuple[str, str], Mapping[str, int]]) -> Iterator[Metric]:
    """Of the counters. What people cancel is of no queue."""
    tried = {key: numbers for key, numbers in sums.items() if key[1] or any(numbers[name] for name in TRIES)}
    labels = ("kind", "queue", "outcome")
    yield counters(
        "durable_tasks_ended", "Tasks that ended, by outcome.", labels,
        (((*key, end), numbers[end]) for key, numbers in sums.items() for end in ENDS if told(key[1], end)),
    )  # fmt: skip
    yield counters(
        "durable_attempts", "Tries by their outcome; after `again` there is another one.", labels,
        (((*key, end), numbers[end]) for key, numbers in tried.items() for end in TRIES),
    )  # fmt: skip
    for name, total, buckets, words in (
        ("waiting", "waited", WAITS, "How long tries had waited when they were claimed."),
        ("running", "ran", RUNS, "How long they ran."),
    ):
        times = HistogramMetricFamily(f"durable_{name}_seconds", words, labels=labels[:2])
        for key, numbers in tried.items():
            times.add_metric(key, cumulative([numbers[place] for place in buckets]), numbers[total] / 1e6)
        yield times
    for name, tally, time, words in (
        ("claim", "claims", "claim_time", "What the database took to claim a message."),
        ("outcome", "writes", "write_time", "What it took to write what came of one."),
    ):
        took = SummaryMetricFamily(f"durable_{name}_seconds", words, labels=labels[:2])
        for key, numbers in tried.items():
            took.add_metric(key, numbers[tally], numbers[time] / 1e6)
        yield took


def told(queue: str, end: str) -> bool:
    """Whether there are such: a worker ends what came through a queue, people cancel whatever it came through."""
    return bool(queue) != (end == "cancelled")


def cumulative(numbers: Sequence[int]) -> list[tuple[str, float]]:
    """Buckets as Prometheus has them: each holds what the ones before it do."""
    ends = [*(repr(bound / 1e6) for bound in BOUNDS), "+Inf"]
    return [(end, float(sum(numbers[: place + 1]))) for place, end in enumerate(ends)]


def of_tasks(seen: Seen) -> Iterator[Metric]:
    """Of the rows."""
    found, by_queue, bound = seen.tasks, ("kind", "queue"), "counted up to 100,000 of a kind"
    for name, words in (
        ("waiting", f"Tasks that wait for a worker, {bound}."),
        ("running", "Tasks that a worker has claimed."),
    ):
        levels = {kind: getattr(tasks, name) for kind, tasks in found.items()}
        rows = (((kind, queue), number) for kind, each in levels.items() for queue, number in each.items())
        yield gauge(f"durable_tasks_{name}", words, by_queue, rows)
    oldest = (((kind, queue), age) for kind, tasks in found.items() for queue, age in tasks.oldest.items())
    yield gauge("durable_oldest_waiting_seconds", "How long the task waits that has waited longest.", by_queue, oldest)
    for name, attribute, words in (
        ("tasks_scheduled", "scheduled", f"Tasks whose time has not come, {bound}."),
        ("late_seconds", "late", "How long ago the first of them was due that has not begun."),
        ("paused", "paused", "Whether the kind is paused."),
    ):
        yield gauge(
            f"durable_{name}", words, ("kind",), (((kind,), getattr(tasks, attribute)) for kind, tasks in found.items())
        )


def of_claims(held: Mapping[str, Held]) -> Iterator[Metric]:
    """Of what workers have in hand."""
    every = {kind.name: held.get(kind.name, Held()) for kind in kinds.every()}
    yield gauge(
        "durable_claims",
        "Messages in workers' hands.",
        ("kind",),
        (((k,), len(each.ages)) for k, each in every.items()),
    )
    ages = (((kind,), max(each.ages, default=0.0)) for kind, each in every.items())
    yield gauge("durable_oldest_claim_seconds", "How long the oldest of them has been.", ("kind",), ages)


def of_workers(seen: Seen) -> Iterator[Metric]:
    """Of the workers' signs."""
    found = seen.workers
    states = (((state,), number) for state, number in found.states.items())
    yield gauge(
        "durable_workers",
        "Workers: those that take messages, that are deaf to the broker, that are gone.",
        ["state"],
        states,
    )
    signs = (((name,), age) for name, age in found.ages.items())
    yield gauge("durable_worker_sign_age_seconds", "Since each one's last sign.", ("worker",), signs)
    yield gauge("durable_slots", "Pool processes of the workers that live.", (), [((), found.slots)])
    yield gauge("durable_slots_busy", "Those of them that have a message in hand.", (), [((), found.busy)])
    yield gauge("durable_sweeper", "Whether some worker's clockwork sweeps.", (), [((), seen.swept)])


def tallied(numbers: Mapping[tuple[str, str], int]) -> Iterator[Metric]:
    """Of what processes count beside the tasks."""

    def sorts(name: str, known: Iterable[str]) -> list[tuple[Sequence[str], float]]:
        met = (sort for tally, sort in numbers if tally == name)
        return [((sort.replace(" ", "_"),), numbers.get((name, sort), 0)) for sort in dict.fromkeys((*known, *met))]

    yield counter("durable_sweeps", "Sweeps that were finished.", {}, numbers.get(("sweeps", ""), 0))
    yield counters(
        "durable_brought_back", "Tasks that a sweep has published again, by what was lost.", ("reason",),
        sorts("brought back", BROUGHT_BACK),
    )  # fmt: skip
    yield counter("durable_due", "Scheduled tasks whose time has come.", {}, numbers.get(("due", ""), 0))
    for sort, words in PUBLISHED.items():
        name = f"durable_publisher_{sort.replace(' ', '_')}"
        yield counter(name, f"Ids that {words}.", {}, numbers.get(("publisher", sort), 0))
    yield gauge(
        "durable_publisher_waiting", "Ids that wait to be sent.", (), [((), numbers.get(("publisher waiting", ""), 0))]
    )
    yield counters(
        "durable_refused", "Requests that were refused, by reason; HAProxy counts its own.", ("reason",),
        sorts("refused", REFUSED),
    )  # fmt: skip
