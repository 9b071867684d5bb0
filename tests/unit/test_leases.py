"""Who has a lease: one at a time, until a moment of the database's clock."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from durable import leases
from durable.models import Lease

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def made() -> None:
    """There is a row to take."""
    leases.make("it")


def expire() -> None:
    """Let the lease's time be over."""
    Lease.objects.update(until=Now() - timedelta(seconds=1))


def test_one_of_two_gets_it() -> None:
    assert leases.take("it", "a")
    assert not leases.take("it", "b")
    assert Lease.objects.get().holder == "a"


def test_who_has_it_renews_it() -> None:
    leases.take("it", "a")
    Lease.objects.update(until=Now() + timedelta(seconds=1))
    assert leases.take("it", "a")
    assert Lease.objects.filter(until__gt=Now() + timedelta(seconds=3)).exists()


def test_another_one_gets_it_when_it_has_expired() -> None:
    leases.take("it", "a")
    expire()
    assert leases.take("it", "b")
    assert not leases.take("it", "a")


def test_who_was_late_and_finds_it_free_has_it_again() -> None:
    leases.take("it", "a")
    expire()
    assert leases.take("it", "a")


def test_what_is_given_back_is_free_at_once() -> None:
    leases.take("it", "a")
    leases.give_back("it", "a")
    assert leases.take("it", "b")


def test_nobody_gives_back_what_another_one_has() -> None:
    leases.take("it", "a")
    leases.give_back("it", "b")
    assert not leases.take("it", "b")


def test_two_leases_are_two() -> None:
    leases.make("other")
    assert leases.take("it", "a")
    assert leases.take("other", "b")


def test_it_is_made_once() -> None:
    leases.take("it", "a")
    leases.make("it")
    assert Lease.objects.get().holder == "a"


def test_the_clock_is_the_databases(monkeypatch: pytest.MonkeyPatch) -> None:
    leases.take("it", "a")
    ahead = timezone.now() + timedelta(hours=1)
    monkeypatch.setattr("django.utils.timezone.now", lambda: ahead)
    monkeypatch.setattr("time.time", ahead.timestamp)
    assert not leases.take("it", "b")
    assert leases.take("it", "a")
    assert Lease.objects.get().until < ahead - timedelta(minutes=50)


@pytest.mark.parametrize("holder", ["a", "b"])
def test_to_ask_for_it_costs_one_statement(django_assert_num_queries: DjangoAssertNumQueries, holder: str) -> None:
    leases.take("it", "a")
    with django_assert_num_queries(1):
        leases.take("it", holder)
