"""The MySQL backend tries a kept connection before use, but not on each request of a busy server."""

from unittest.mock import Mock

import pytest

from durable.mysql import health
from durable.mysql.health import TriedAfterPause


class Wrapper(TriedAfterPause):
    """A backend of which only the connection's upkeep is used."""

    is_usable: Mock
    ensure_connection: Mock
    health_check_enabled: bool
    client_class = creation_class = features_class = introspection_class = ops_class = validation_class = Mock
    _close = Mock()


class Clock:
    """time.monotonic, as the test says."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        monkeypatch.setattr("durable.mysql.health.time.monotonic", lambda: self.now)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


@pytest.fixture
def wrapper(monkeypatch: pytest.MonkeyPatch) -> Wrapper:
    """Connected to a server of which each ping is counted."""
    made = Wrapper({"AUTOCOMMIT": True, "TIME_ZONE": None, "OPTIONS": {}})
    made.connection, made.autocommit, made.close_at = Mock(), True, None
    made.health_check_enabled = True
    made.health_check_done = False
    made.is_usable = Mock(return_value=True)
    made.ensure_connection = Mock()  # it is connected; pytest-django would refuse to ask
    return made


def request(wrapper: Wrapper, failed: bool = False) -> None:
    """What Django calls around a request that uses the database."""
    wrapper.close_if_unusable_or_obsolete()
    wrapper.close_if_health_check_failed()
    wrapper.errors_occurred = failed
    wrapper.close_if_unusable_or_obsolete()


def pings(wrapper: Wrapper) -> int:
    """How often the server was asked whether it is there."""
    count: int = wrapper.is_usable.call_count
    return count


def test_requests_in_a_row_ask_once(wrapper: Wrapper, clock: Clock) -> None:
    for _ in range(20):
        request(wrapper)
        clock.now += 0.5
    assert pings(wrapper) == 1


def test_after_a_pause_the_connection_is_tried(wrapper: Wrapper, clock: Clock) -> None:
    for _ in range(5):
        request(wrapper)
        clock.now += health.PAUSE_SECONDS
    assert pings(wrapper) == 5


def test_a_request_without_a_query_is_no_sign_of_life(wrapper: Wrapper, clock: Clock) -> None:
    request(wrapper)
    for _ in range(10):
        clock.now += 0.5
        wrapper.close_if_unusable_or_obsolete()
        wrapper.close_if_unusable_or_obsolete()
    request(wrapper)
    assert pings(wrapper) == 2


def test_after_an_error_the_connection_is_tried(wrapper: Wrapper, clock: Clock) -> None:
    request(wrapper)
    request(wrapper, failed=True)
    assert pings(wrapper) == 2


def test_a_connection_that_does_not_answer_is_closed(wrapper: Wrapper, clock: Clock) -> None:
    wrapper.is_usable.return_value = False
    request(wrapper)
    assert wrapper.connection is None


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch, wrapper: Wrapper, clock: Clock) -> Wrapper:
    """A connection whose ping nobody answers; used now and then until now."""
    monkeypatch.setattr(TriedAfterPause, "silent_at", 0.0)
    wrapper.opened_at = clock.now

    def hang() -> bool:
        clock.now += 2.0
        return False

    clock.now += 100
    wrapper.is_usable.side_effect = hang
    return wrapper


def test_one_that_is_dead_without_a_word_is_opened_anew(silent: Wrapper) -> None:
    silent.close_if_health_check_failed()
    assert silent.connection is None
    silent.close_if_health_check_failed()
    assert pings(silent) == 1


def test_no_other_thread_waits_for_a_connection_of_that_time(silent: Wrapper, clock: Clock) -> None:
    silent.close_if_health_check_failed()
    silent.connection, silent.health_check_done = Mock(), False  # another thread's, as old
    silent.close_if_health_check_failed()
    assert (silent.connection, pings(silent)) == (None, 1)
    silent.connection, silent.opened_at, silent.is_usable.side_effect = Mock(), clock.now, None
    silent.health_check_done = False
    silent.close_if_health_check_failed()
    assert silent.connection is not None


def test_a_connection_in_use_is_left_alone(silent: Wrapper, clock: Clock) -> None:
    TriedAfterPause.silent_at = clock.now
    silent.health_check_done = True
    silent.close_if_health_check_failed()
    assert silent.connection is not None
