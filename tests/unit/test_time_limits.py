"""What follows from a kind's time limit: the message's, the broker's, the sweep's; and what does not fit is told."""

from typing import Any

import pytest
from pytest_django import Settings
from rows import KIND, ago, held, sign, store

from durable import checks, claims, limits, messages, tasks
from durable.celery.app import app
from durable.claimed import Claim
from durable.objections import objection


@pytest.fixture(params=[None, 2, 600])
def limit(request: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The kind's."""
    monkeypatch.setattr(KIND, "time_limit", request.param)
    return request.param


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What Celery is told."""
    found = list[dict[str, Any]]()
    monkeypatch.setattr(tasks.run, "apply_async", lambda **options: found.append(options))
    return found


def test_a_message_has_the_time_of_its_kind(limit: int | None, sent: list[dict[str, Any]]) -> None:
    tasks.send(KIND.name, 0, [1])
    told = {name: value for name, value in sent[0].items() if "limit" in name}
    assert told == ({} if limit is None else {"soft_time_limit": limit + 10, "time_limit": limit + 15})


def test_what_may_take_long_goes_alone(limit: int | None) -> None:
    assert messages.size(KIND) == {None: 500, 2: 500, 600: 1}[limit]


def test_but_for_a_kind_that_says_otherwise(limit: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(KIND, "per_message", 20)
    assert messages.size(KIND) == 20


def test_redis_leaves_a_message_to_its_worker_for_longer_than_it_may_take(limit: int | None) -> None:
    options: dict[str, Any] = {}
    limits.fit_broker(options)
    assert options["visibility_timeout"] == {None: 120, 2: 120, 600: 705}[limit]
    assert options["visibility_timeout"] > limits.longest()


def test_what_a_project_says_of_the_broker_stays() -> None:
    options: dict[str, Any] = {"visibility_timeout": 50}
    limits.fit_broker(options)
    assert options == {"visibility_timeout": 50}


def test_a_worker_is_told() -> None:
    assert app.conf.broker_transport_options["visibility_timeout"] == 120


@pytest.mark.django_db(transaction=True)
def test_a_claim_is_given_up_a_little_after_its_kinds_own_time(limit: int | None) -> None:
    sign("w", [1, 2, 3])
    most = 30 if limit is None else limit + 15
    held("w/1", claimed=most + 3)
    late = held("w/2", claimed=most + 7)
    assert [claims.ids_of(claim) for claim in claims.lost()] == [late]


@pytest.mark.django_db(transaction=True)
def test_a_late_task_that_has_ended_is_not_the_reason_of_its_neighbours_death() -> None:
    done, left = store(2)
    held("w/1", claimed=5)
    claim = Claim.objects.get()
    claim.first, claim.last, claim.ids, claim.late_task = done, left, "", done
    claim.save()
    KIND.model.objects.filter(pk=done).update(status="success", update_time=ago(1))
    assert claims.release(claim) == [(left, "tasks")]
    assert KIND.model.objects.get(pk=left).attempts == 1


@pytest.mark.parametrize("wrong", [0, -1, "60", 86_401, float("nan"), [1]])
def test_a_limit_that_is_none_is_refused(wrong: Any) -> None:
    work: Any = type("Work", (), {"inputs": (), "outputs": (), "time_limit": wrong})
    assert "give seconds" in objection("Thing", work)
    work.time_limit = 0.5
    assert objection("Thing", work) == ""


def ids_of(found: list[Any]) -> list[str]:
    """The checks' ids."""
    return [problem.id for problem in found]


def test_each_check_is_content_with_the_defaults() -> None:
    assert checks.limits_fit_the_broker() == []
    assert checks.limits_fit_a_stop() == []


def test_a_visibility_timeout_that_is_too_short_is_an_error(settings: Settings) -> None:
    settings.CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 30}
    assert ids_of(checks.limits_fit_the_broker()) == ["durable.E004"]


def test_rabbitmq_waits_for_half_an_hour(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.BROKER = type("Broker", (), {"name": "RabbitMQ"})
    monkeypatch.setattr(KIND, "time_limit", 1700)
    assert checks.limits_fit_the_broker() == []
    monkeypatch.setattr(KIND, "time_limit", 1800)
    assert ids_of(checks.limits_fit_the_broker()) == ["durable.E004"]


def test_a_stop_that_is_shorter_than_a_limit_is_a_warning(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(KIND, "time_limit", 60)
    (problem,) = checks.limits_fit_a_stop()
    assert problem.id == "durable.W002"
    settings.STOP_SECONDS = 61
    assert checks.limits_fit_a_stop() == []


def test_a_stop_that_the_container_does_not_wait_for_is_a_warning(settings: Settings) -> None:
    settings.EMBEDDED, settings.STOP_SECONDS = False, 41
    (problem,) = checks.limits_fit_a_stop()
    assert problem.id == "durable.W003"
    assert "46 or more" in str(problem.hint)
    settings.STOP_GRACE_SECONDS = 46
    assert checks.limits_fit_a_stop() == []
