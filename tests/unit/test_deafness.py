"""When a worker counts as deaf."""

from durable.celery.deafness import LOOK_EVERY, Watch


class Clock:
    """A clock that is set by hand: it stands for the machine's."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def judge(waiting: int | None, *, turns: bool, asks: bool | None, messages: bool = False, busy: bool = False) -> bool:
    """Whether a worker that behaves so for 30 s is judged deaf."""
    clock = Clock()
    watch = Watch(look=lambda: waiting, clock=clock)
    start, heard = clock.now, 0
    for _ in range(30):
        clock.now += 1
        heard += messages
        asked = None if asks is None else clock.now if asks else start
        if watch.deaf(clock.now if turns else start, heard, busy, asked):
            return True
    return False


def test_a_worker_that_asks_redis_every_second_is_not_deaf_however_idle() -> None:
    assert not judge(0, turns=True, asks=True)


def test_a_worker_that_stopped_asking_redis_is_deaf_even_if_others_keep_the_queue_empty() -> None:
    assert judge(0, turns=True, asks=False)


def test_a_worker_whose_loop_hangs_is_deaf() -> None:
    assert judge(0, turns=False, asks=None)


def test_a_broker_that_is_away_makes_nobody_deaf() -> None:
    assert not judge(None, turns=False, asks=False)


def test_with_a_broker_that_pushes_only_waiting_messages_tell() -> None:
    assert not judge(0, turns=True, asks=None)
    assert judge(3, turns=True, asks=None)
    assert not judge(3, turns=True, asks=None, messages=True)


def test_a_busy_worker_is_not_deaf() -> None:
    assert not judge(3, turns=True, asks=False, busy=True)


def test_one_look_is_not_enough() -> None:
    clock, looks = Clock(), [1, 0, 1, 0, 1, 0, 1, 0]
    watch = Watch(look=lambda: looks.pop(0), clock=clock)
    while looks:
        clock.now += LOOK_EVERY
        assert not watch.deaf(clock.now, 0, False, None)


def test_a_worker_has_time_to_come_back_after_a_broker_that_was_frozen_while_it_was_looked_at() -> None:
    clock, thaws = Clock(), 1019.0

    def look() -> int | None:
        began, clock.now = clock.now, max(clock.now, min(clock.now + 5, thaws))  # the look waits 5 s for its answer
        return 0 if began >= thaws or clock.now == thaws else None

    watch = Watch(look, clock)
    while clock.now < 1060:
        clock.now += 1
        asked = clock.now if clock.now > thaws + 6 else 1000.0
        assert not watch.deaf(clock.now, 0, False, asked)
