"""How much is measured."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Plan:
    """Rounds of each comparison; the seconds of each load; sizes."""

    rounds: int = 5
    seconds: int = 6
    batch: int = 100_000  # tasks of an upload
    batches: int = 5  # rounds of uploads: workers are stopped and started in each
    samples: int = 200  # single tasks per round and side
    tasks: int = 200_000  # while memory is watched
    steps: tuple[int, ...] = (1, 2, 4)  # containers
    pages: bool = True  # the HTML of the list, too


SHORT = Plan(rounds=1, seconds=2, batch=20_000, batches=1, samples=30, tasks=40_000, steps=(1, 2), pages=False)
