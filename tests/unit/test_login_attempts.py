"""Wrong passwords: each one more doubles the pause, and nobody locks out somebody else."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F
from django.test import Client
from people import PASSWORD, person
from pytest_django import Settings

from durable.by import By
from durable.events import Event, record
from durable.http import attempts

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("plain_static")]
HOME, OFFICE, STRANGER = "203.0.113.1", "203.0.113.2", "198.51.100.9"


@pytest.fixture(autouse=True)
def quick(settings: Settings) -> None:
    """A hash that costs nothing, and HAProxy's word for the address."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.EMBEDDED = False
    person("reader", "alice")


def attempt(password: str = "wrong", account: str = "alice", address: str = STRANGER) -> Any:
    """One try of the form."""
    given = {"username": account, "password": password}
    return Client(headers={"X-Forwarded-For": address}).post("/login?lang=en", given)


def failed(count: int, account: str = "alice") -> None:
    """A stranger's wrong passwords of before."""
    for _ in range(count):
        record(attempts.FAILED, By(address=STRANGER), subject=account)


def test_three_are_free_and_then_each_doubles_the_pause() -> None:
    assert [attempt().status_code for _ in range(3)] == [422] * 3
    pauses = []
    for _ in range(4):
        response = attempt()
        assert response.status_code == 429
        assert "Too many wrong passwords: try again in" in response.content.decode()
        pauses.append(int(response["Retry-After"]))
        Event.objects.update(time=F("time") - timedelta(seconds=pauses[-1]))
        assert attempt().status_code == 422  # looked at again, and wrong again
    # Of which some may have passed before they are told.
    assert all(most / 2 <= pause <= most for pause, most in zip(pauses, [2, 4, 8, 16], strict=True)), pauses


def test_fifty_six_wrong_passwords_are_mostly_not_even_checked() -> None:
    statuses = [attempt().status_code for _ in range(56)]
    assert statuses.count(429) >= 50
    assert Event.objects.filter(what="login failed", subject="alice", address=STRANGER).count() == statuses.count(422)


def test_during_a_pause_the_right_password_is_not_looked_at_and_the_pause_gets_no_longer() -> None:
    failed(6)
    first = int(attempt(PASSWORD)["Retry-After"])
    assert all(attempt(PASSWORD).status_code == 429 for _ in range(20))
    assert int(attempt(PASSWORD)["Retry-After"]) <= first
    assert Event.objects.filter(what="login failed").count() == 6


def test_the_pause_ends_at_a_quarter_of_an_hour_and_all_is_forgotten_after_one() -> None:
    failed(40)
    assert int(attempt()["Retry-After"]) <= 900
    Event.objects.update(time=F("time") - timedelta(seconds=901))
    assert attempt(PASSWORD).status_code == 302
    Event.objects.update(time=F("time") - timedelta(hours=1))
    assert [attempt(account="bob").status_code for _ in range(3)] == [422] * 3


def test_a_stranger_locks_nobody_out_where_they_have_logged_in_before() -> None:
    assert attempt(PASSWORD, address=HOME).status_code == 302
    failed(40)
    assert attempt(PASSWORD, address=STRANGER).status_code == 429
    assert attempt(PASSWORD, address=OFFICE).status_code == 429
    assert attempt(PASSWORD, address=HOME).status_code == 302


def test_at_a_known_address_wrong_passwords_are_slowed_too() -> None:
    assert attempt(PASSWORD, address=HOME).status_code == 302
    assert [attempt(address=HOME).status_code for _ in range(4)] == [422] * 3 + [429]


def test_an_address_that_tries_many_accounts_is_slowed() -> None:
    statuses = [attempt(account=f"user{n}").status_code for n in range(20)]
    assert statuses == [422] * 10 + [429] * 10
    assert attempt(account="somebody", address=OFFICE).status_code == 422


def test_what_comes_at_once_is_looked_at_one_by_one() -> None:
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda _: attempt().status_code, range(24)))
    assert statuses.count(422) <= 3


@pytest.mark.parametrize("other", [" alice ", "ａｌｉｃｅ"])
def test_an_account_is_one_however_it_is_written(other: str) -> None:
    failed(4)
    assert attempt(account=other).status_code == 429


def test_an_account_that_is_not_there_is_told_and_slowed_like_one_that_is() -> None:
    answers = [attempt(account=name) for name in ("alice", "nobody-of-that-name")]
    first, second = (answer.content.decode().replace("nobody-of-that-name", "alice") for answer in answers)
    tokens = [answer.context["csrf_token"] for answer in answers]
    assert first.replace(str(tokens[0]), "") == second.replace(str(tokens[1]), "")
    failed(3, account="nobody-of-that-name")
    assert attempt(account="nobody-of-that-name").status_code == 429


def test_logins_and_failures_are_events() -> None:
    attempt()
    attempt(PASSWORD, address=HOME)
    fields = ("what", "by", "address", "subject")
    assert list(Event.objects.order_by("id").values_list(*fields)) == [
        ("login failed", "", STRANGER, "alice"),
        ("login", "alice", HOME, "alice"),
    ]


def test_an_empty_form_is_no_try() -> None:
    assert attempt("").status_code == 422
    assert attempt("x", account="").status_code == 422
    assert Event.objects.count() == 0


def test_a_name_that_is_no_name_is_cut() -> None:
    assert attempt(account="x" * 4000).status_code == 422
    assert len(Event.objects.get().subject) == 128
