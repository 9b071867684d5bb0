"""How long a task waits for its next attempt after a bug or a death: a function from the attempts so far to seconds."""

import logging
import random
from collections.abc import Callable

logger = logging.getLogger(__name__)
Backoff = Callable[[int], float]
LONGEST = 10 * 366 * 86_400  # seconds: nothing is put off for longer
DOUBLINGS = 60  # beyond them every cap is reached, and a float is not yet at its end


def exponential(first: float = 1.0, cap: float = 3_600.0) -> Backoff:
    """`first` seconds after the first attempt, then twice as long each time, at most `cap`.

    Of that between a half and all, by chance: what failed together does not come back together.
    """
    if not 0 <= first <= cap <= LONGEST:
        raise ValueError(f"exponential({first}, {cap}): first is at most cap, and cap at most {LONGEST} seconds")

    def backoff(attempts: int) -> float:
        longest = min(cap, first * 2.0 ** min(max(attempts, 1) - 1, DOUBLINGS))
        return longest * random.uniform(0.5, 1.0)  # noqa: S311 (nothing is to be guessed here)

    return backoff


DEFAULT = exponential()


def fit(seconds: float) -> float:
    """The same; ValueError for what is no time to wait."""
    if not 0 <= seconds <= LONGEST:
        raise ValueError(f"a task can wait from 0 to {LONGEST} seconds, not {seconds}")
    return float(seconds)


def pause(backoff: Backoff, attempts: int) -> float:
    """Seconds until the next attempt. A backoff that is itself broken is logged, and keeps no task from its end."""
    try:
        return fit(backoff(attempts))
    except Exception:
        logger.exception("backoff after %d attempts failed: the default is taken", attempts)
    return DEFAULT(attempts)
