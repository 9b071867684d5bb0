"""Tasks in the admin: what an operator finds in their list and on their pages, and the button."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django_celery_results.models import TaskResult
from looking import headings, html, ten_seconds, text
from pytest_django import DjangoAssertNumQueries
from rows import states, store

from arithmetic.models import MathTask
from durable.models import Batch, Event
from durable.tasks import run
from support.readings.models import Loan, Reading

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("plain_static", "published")]
TASKS = "/admin/arithmetic/mathtask/"
RECORDS = "/admin/django_celery_results/taskresult/"


def test_the_list_has_error_batch_and_duration(boss: Client, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    batch = Batch.objects.create(kind="mathtask", total=1, fingerprint="").pk
    store(status="failed", error="Division by zero has no result.", batch_id=batch, **ten_seconds())
    assert {"Status", "Error", "Batch", "Ran", "Created"} <= set(headings(boss, TASKS))
    with django_assert_num_queries(4):
        page = html(boss, TASKS)
    assert "Division by zero has no result." in page
    assert f'<a href="/batches/{batch}">{batch}</a>' in page
    assert '<td class="field-ran">10 s</td>' in page


def test_a_tasks_page_begins_with_its_id(boss: Client) -> None:
    batch = Batch.objects.create(kind="mathtask", total=1, fingerprint="", request_id="r-batch")
    (alone,) = store(status="failed", error="Division by zero has no result.", request_id="r-1", **ten_seconds())
    (member,) = store(batch_id=batch.pk)
    page = text(boss, f"{TASKS}{alone}/change/")
    assert re.search(rf"Task {alone} .*ID: {alone} Status: failed Error: Division by zero has no result. First", page)
    assert "Ran: 10 s" in page
    assert "Request: r-1" in page
    assert "Request: r-batch" in text(boss, f"{TASKS}{member}/change/")
    page = html(boss, f"{TASKS}{member}/change/")
    assert f'<a href="/batches/{batch.pk}">{batch.pk}</a>' in page
    assert f'href="/tasks/{member}"' in page
    assert "historylink" not in page


def test_every_kind_has_the_same(boss: Client) -> None:
    loan = Loan.objects.create(
        amount=5, months=2, start=date(2026, 1, 31), checked=datetime(2026, 1, 31, 12, 5, 7, tzinfo=UTC),
        status="success", **ten_seconds(),
    )  # fmt: skip
    page = text(boss, f"/admin/readings/loan/{loan.pk}/change/")
    assert re.search(rf"Loan {loan.pk} .*ID: {loan.pk} Status: success", page)
    assert "Checked: 2026-01-31 12:05:07 UTC" in page
    assert "Plan: Flat" in page
    assert "Ran: 10 s" in page
    assert f'href="/loan/tasks/{loan.pk}"' in html(boss, f"/admin/readings/loan/{loan.pk}/change/")


@pytest.mark.parametrize(
    ("status", "action", "becomes"),
    [("created", "cancel", "cancelled"), ("scheduled", "cancel", "cancelled"), ("failed", "retry", "created")],
)
def test_a_tasks_page_has_the_button_that_does_something(boss: Client, status: str, action: str, becomes: str) -> None:
    (identity,) = store(status=status)
    page = html(boss, f"{TASKS}{identity}/change/")
    assert re.findall(r'<button name="action" value="(\w+)">', page) == [action]
    address = re.findall(
        r'<form method="post" action="([^"]+/act/)"><input type="hidden" name="csrfmiddlewaretoken"', page
    )
    response = boss.post(address[0], {"action": action}, follow=True)
    assert response.redirect_chain == [(f"{TASKS}{identity}/change/", 302)]
    assert states([identity]) == [becomes]
    assert list(Event.objects.values_list("what", "by", "subject")) == [(action, "boss", str(identity))]


def test_what_has_succeeded_has_no_button(boss: Client) -> None:
    (identity,) = store(status="success")
    assert 'name="action"' not in html(boss, f"{TASKS}{identity}/change/")
    response = boss.post(f"{TASKS}{identity}/act/", {"action": "retry"}, follow=True)
    assert "only a task that failed or was cancelled" in response.content.decode()
    assert states([identity]) == ["success"]


@pytest.mark.parametrize(("identity", "action"), [("999", "cancel"), ("abc", "cancel"), ("1", "delete"), ("1", "")])
def test_a_button_of_what_there_is_not_does_nothing(boss: Client, identity: str, action: str) -> None:
    store()
    response = boss.post(f"{TASKS}{identity}/act/", {"action": action}, follow=True)
    assert response.redirect_chain == [(TASKS, 302)]
    assert 'class="error"' in response.content.decode()
    assert set(MathTask.objects.values_list("status", flat=True)) == {"created"}


def test_a_button_needs_a_form_of_ours(boss: Client) -> None:
    (identity,) = store()
    assert boss.get(f"{TASKS}{identity}/act/").status_code == 405
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(User.objects.get(username="boss"))
    assert strict.post(f"{TASKS}{identity}/act/", {"action": "cancel"}).status_code == 403
    assert states([identity]) == ["created"]


def test_who_may_only_look_has_no_button(client: Client) -> None:
    user = User.objects.create_user("clerk", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=("view_mathtask", "change_reading")))
    client.force_login(user)
    (identity,) = store()
    assert 'name="action"' not in html(client, f"{TASKS}{identity}/change/")
    assert client.post(f"{TASKS}{identity}/act/", {"action": "cancel"}).status_code == 403
    reading = Reading.objects.create(text="a", language="en")
    assert client.post(f"/admin/readings/reading/{reading.pk}/act/", {"action": "cancel"}).status_code == 302
    assert states([identity]) == ["created"]
    assert Reading.objects.get().status == "cancelled"


def test_a_failure_leads_to_celerys_record_of_it(boss: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def bug(task: Any) -> str:
        raise KeyError("a bug")

    monkeypatch.setattr(MathTask, "perform", staticmethod(bug))
    monkeypatch.setattr("durable.tasks.publish", lambda *_: None)
    (identity,) = store()
    run.apply(args=("mathtask", 0, [identity]), task_id="m-1")
    assert Event.objects.get().request_id == "m-1"
    assert "Celery's record: –" in text(boss, f"{TASKS}{identity}/change/")  # no worker was there to write one
    record = TaskResult.objects.create(task_id="m-1", status="FAILURE", traceback="Why")
    TaskResult.objects.create(task_id="m-2", status="FAILURE")
    page = html(boss, f"{TASKS}{identity}/change/")
    assert re.findall(rf'<a href="({RECORDS}\d+/change/)">([\w-]+)</a>', page) == [
        (f"{RECORDS}{record.pk}/change/", "m-1")
    ]


def test_a_due_time_is_told_with_the_state(boss: Client) -> None:
    due = datetime.now(UTC) + timedelta(seconds=3700)
    store(status="scheduled", due_time=due)
    assert re.search(r"scheduled .* in 1 hour", text(boss, TASKS))
