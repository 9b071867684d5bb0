"""The admin: nobody gets in without a login, no list counts a whole table, and its actions are the services."""

import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from commands import manage, python
from django.contrib import admin
from django.contrib.auth.models import Permission, User
from django.test import Client, RequestFactory
from django_celery_results.models import TaskResult
from pytest_django import DjangoAssertNumQueries
from rows import held, sign, states, store

from arithmetic.models import MathTask
from durable.admin import register_kinds
from durable.http import admin as our_admin
from durable.http import look_only
from durable.models import Batch, Event
from support.readings.models import Loan, Reading

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("plain_static", "published")]
KINDS = ["arithmetic/mathtask", "readings/reading", "readings/loan"]
PAGES = [
    *KINDS,
    "durable/batch",
    "durable/event",
    "durable/worker",
    "durable/claim",
    "django_celery_results/taskresult",
]


def act(client: Client, model: str, action: str, ids: list[int], **more: str) -> Any:
    """An action on the rows that are ticked."""
    data: dict[str, Any] = {"action": action, "_selected_action": ids, **more}
    app = {"mathtask": "arithmetic", "batch": "durable"}.get(model, "readings")
    return client.post(f"/admin/{app}/{model}/", data, follow=True)


def test_there_is_no_login_until_one_is_made(client: Client) -> None:
    assert User.objects.count() == 0
    response = client.get("/admin/")
    assert response.status_code == 302
    assert response["Location"].startswith("/admin/login/")


@pytest.mark.parametrize("page", PAGES)
def test_each_list_and_row_is_shown_and_needs_no_inline_script(boss: Client, page: str) -> None:
    store(2, batch_id=Batch.objects.create(kind="mathtask", total=2, fingerprint="").pk)
    held("w/1")
    sign("w", [1])
    Reading.objects.create(text="a b", language="en")
    Loan.objects.create(amount=5, months=2, start=date(2026, 1, 31), status="success", steps=[1], risk="low")
    TaskResult.objects.create(task_id="t1", status="FAILURE", traceback="Why")
    Event.objects.create(what="cancel")
    response = boss.get(f"/admin/{page}/")
    body = response.content.decode()
    assert response.status_code == 200
    assert "default-src 'self'" in response["Content-Security-Policy"]
    assert not re.findall(r"<script(?![^>]*(src=|application/json))", body)
    assert not re.findall(r'\s(onclick|onload|style)="', body)
    addresses = re.findall(rf'href="(/admin/{page}/[^/"]+/change/[^"]*)"', body)
    assert addresses
    for address in addresses:
        assert boss.get(address).status_code == 200


@pytest.mark.parametrize("page", PAGES)
def test_nothing_can_be_added_edited_or_deleted_there(boss: Client, page: str) -> None:
    store(1)
    assert boss.get(f"/admin/{page}/add/").status_code == 403
    assert boss.post("/admin/arithmetic/mathtask/1/change/", {"status": "success"}).status_code == 403
    assert "delete_selected" not in boss.get(f"/admin/{page}/").content.decode()


@pytest.mark.parametrize(("query", "statements"), [("status=created", 4), ("status=pending", 5), ("task_type=add", 4)])
def test_the_list_costs_the_same_at_any_size(
    boss: Client, django_assert_num_queries: DjangoAssertNumQueries, query: str, statements: int
) -> None:
    store(1), held("w/1")
    for _ in range(2):
        with django_assert_num_queries(statements):  # session, user, (claims,) a bounded count, the rows
            boss.get(f"/admin/arithmetic/mathtask/?{query}")
        store(150), held("w/2", 50)


def test_counting_stops_at_a_bound(boss: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(look_only, "PAGES_UP_TO", 3)
    store(5)
    assert "3 tasks" in boss.get("/admin/arithmetic/mathtask/").content.decode()


def shown(client: Client, query: str) -> list[int]:
    """The ids in the list."""
    page = client.get(f"/admin/arithmetic/mathtask/?{query}")
    assert page.status_code == 200
    return [task.pk for task in page.context["cl"].result_list]


def test_filters_and_search(boss: Client) -> None:
    Batch.objects.create(kind="mathtask", pk=1, total=1, fingerprint="")
    add, minus = store(1, batch_id=1), store(2, task_type="minus", status="failed")
    assert shown(boss, "task_type=minus") == minus[::-1]
    assert shown(boss, "task_type=minus&status=failed") == minus[::-1]
    assert shown(boss, "task_type=add&status=failed") == []
    assert shown(boss, "batch__exact=1") == add
    assert shown(boss, f"q={minus[0]}") == minus[:1]
    for word in ("abc", "9" * 40, "-1", "٣"):
        assert shown(boss, f"q={word}") == []


def test_pending_tasks_are_told_apart(boss: Client) -> None:
    waiting, running = store(2), held("w/1", 2, claimed=5)
    assert shown(boss, "status=created") == waiting[::-1]
    assert shown(boss, "status=pending") == running[::-1]
    body = boss.get("/admin/arithmetic/mathtask/").content.decode()
    assert (body.count(">running</span>"), body.count(">waiting</span>")) == (2, 2)
    assert "w/1" in boss.get(f"/admin/arithmetic/mathtask/{running[0]}/change/").content.decode()


def test_a_list_shows_the_columns_that_lists_show(boss: Client) -> None:
    Reading.objects.create(text="a long text", language="en", words=3, status="success")
    page = boss.get("/admin/readings/reading/")
    columns = [getattr(column, "__name__", column) for column in page.context["cl"].list_display]
    own = ["language", "words", "reading_seconds"]
    state = ["status", "error", "batch", "ran", "attempts", "created_by", "create_time"]
    assert columns == ["action_checkbox", "id", *own, *state]
    assert [filter.title for filter in page.context["cl"].filter_specs] == ["status", "language"]
    assert "months" not in [filter.title for filter in boss.get("/admin/readings/loan/").context["cl"].filter_specs]


def test_an_admin_class_of_the_adopter_wins(rf: RequestFactory) -> None:
    class Own(our_admin.KindAdmin):
        list_display = ("id", "text")
        list_filter = ("language",)
        fields = ("text", "words")

    registered = admin.site.get_model_admin(Reading)
    admin.site.unregister(Reading)
    try:
        admin.site.register(Reading, Own)
        register_kinds()
        found = admin.site.get_model_admin(Reading)
        assert isinstance(found, Own)
        assert (found.get_list_display(rf.get("/")), found.get_list_filter(rf.get("/"))) == (
            ("id", "text"),
            ("language",),
        )
        assert found.get_fieldsets(rf.get("/")) == [(None, {"fields": ("text", "words")})]
    finally:
        admin.site.unregister(Reading)
        admin.site.register(Reading, type(registered))


def test_tasks_are_cancelled_and_retried(boss: Client) -> None:
    waiting, pending, failed = store(1), held("w/1"), store(1, status="failed")
    ids = [*waiting, *pending, *failed]
    assert "2 tasks were changed." in act(boss, "mathtask", "cancel_tasks", ids).content.decode()
    assert states(ids) == ["cancelled", "cancelled", "failed"]
    assert "3 tasks were changed." in act(boss, "mathtask", "retry_tasks", ids).content.decode()
    assert states(ids) == ["created"] * 3


def test_a_whole_batch_is_cancelled_and_retried(boss: Client) -> None:
    batch = Batch.objects.create(kind="mathtask", total=3, fingerprint="")
    ids, other = store(3, batch_id=batch.pk), store(1)
    act(boss, "batch", "cancel_batches", [batch.pk])
    assert states([*ids, *other]) == ["cancelled"] * 3 + ["created"]
    act(boss, "batch", "retry_batches", [batch.pk])
    assert states(ids) == ["created"] * 3
    assert "waiting: 3" in boss.get(f"/admin/durable/batch/{batch.pk}/change/").content.decode()


def test_who_may_only_look_cannot_act(client: Client) -> None:
    user = User.objects.create_user("guest", is_staff=True)
    user.user_permissions.set([])
    client.force_login(user)
    ids = store(1)
    assert client.get("/admin/arithmetic/mathtask/").status_code == 403
    assert act(client, "mathtask", "cancel_tasks", ids).status_code == 403
    assert states(ids) == ["created"]


def test_who_may_change_one_kind_acts_on_that_one_alone(client: Client) -> None:
    user = User.objects.create_user("clerk", is_staff=True)
    names = ("view_batch", "view_mathtask", "view_reading", "change_reading")
    user.user_permissions.set(Permission.objects.filter(codename__in=names))
    client.force_login(user)
    batch = Batch.objects.create(kind="mathtask", total=1, fingerprint="").pk
    other = Batch.objects.create(kind="reading", total=1, fingerprint="").pk
    ids = store(2, batch_id=batch)
    reading = Reading.objects.create(text="a", language="en", batch_id=other)
    alone = Reading.objects.create(text="a", language="en")
    act(client, "mathtask", "cancel_tasks", ids)
    act(client, "batch", "cancel_batches", [batch, other])
    act(client, "reading", "cancel_tasks", [alone.pk])
    assert states(ids) == ["created"] * 2
    assert set(Reading.objects.values_list("pk", "status")) == {(reading.pk, "cancelled"), (alone.pk, "cancelled")}


def test_a_batch_of_a_kind_that_is_gone_is_shown(boss: Client) -> None:
    batch = Batch.objects.create(kind="gone", total=1, fingerprint="").pk
    assert "no longer here" in boss.get(f"/admin/durable/batch/{batch}/change/").content.decode()
    assert "0 tasks were changed." in act(boss, "batch", "cancel_batches", [batch]).content.decode()


def test_only_the_admin_sets_a_session(client: Client) -> None:
    for path in ("/api/tasks", "/api/stats", "/api/openapi.json"):
        response = client.get(path)
        assert "sessionid" not in response.cookies
        assert "Vary" not in response.headers
    assert MathTask.objects.count() == 0


COUNT = "from django.contrib.auth.models import User; print([u.username for u in User.objects.all()], end='')"


def test_the_first_user_comes_from_the_environment_once(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("first-password\n")
    env = {"DJANGO_SUPERUSER_USERNAME": "alice", "DJANGO_SUPERUSER_PASSWORD_FILE": str(secret)}
    for _ in range(2):
        result = manage("migrate_once", data=tmp_path, **env)
        assert result.returncode == 0, result.stderr
        secret.write_text("another-one\n")  # a later start changes nothing
    script = COUNT + "; print(User.objects.get().check_password('first-password'))"
    assert "['alice']True" in manage("shell", "-c", script, data=tmp_path).stdout


def test_without_it_there_is_nobody(tmp_path: Path) -> None:
    assert manage("migrate_once", data=tmp_path).returncode == 0
    assert "[]" in manage("shell", "-c", COUNT, data=tmp_path).stdout


def test_a_name_without_a_password_stops_the_start(tmp_path: Path) -> None:
    result = manage("migrate_once", data=tmp_path, DJANGO_SUPERUSER_USERNAME="alice")
    assert result.returncode != 0
    assert "go together" in result.stderr
    assert python("-c", "import config.settings", data=tmp_path).returncode == 0


@pytest.mark.parametrize("password", ["1", "password123", "93847561029384", "alice-alice"])
def test_a_weak_password_stops_the_start_with_a_sentence_and_makes_nobody(tmp_path: Path, password: str) -> None:
    env = {"DJANGO_SUPERUSER_USERNAME": "alice-alice", "DJANGO_SUPERUSER_PASSWORD": password}
    result = manage("migrate_once", data=tmp_path, **env)
    assert result.returncode == 1
    assert result.stderr.strip().splitlines()[-1].startswith("django.core.exceptions.ImproperlyConfigured: ")
    assert "DJANGO_SUPERUSER_PASSWORD is too weak: " in result.stderr
    assert "[]" in manage("shell", "-c", COUNT, data=tmp_path).stdout
