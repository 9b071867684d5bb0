"""The admin: nobody gets in without a login, no list counts a whole table, and its actions are the services."""

import re
from pathlib import Path
from typing import Any

import pytest
from commands import manage, python
from django.contrib.auth.models import User
from django.test import Client
from django_celery_results.models import TaskResult
from pytest_django import DjangoAssertNumQueries
from rows import held, states, store

from arithmetic import admin as our_admin
from arithmetic.models import Batch, MathTask

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("plain_static", "published")]
PAGES = ["arithmetic/mathtask", "arithmetic/batch", "arithmetic/worker", "django_celery_results/taskresult"]


@pytest.fixture
def boss(client: Client) -> Client:
    """Logged in as a superuser."""
    client.force_login(User.objects.create_superuser("boss"))
    return client


def act(client: Client, model: str, action: str, ids: list[int], **more: str) -> Any:
    """An action on the rows that are ticked."""
    data: dict[str, Any] = {"action": action, "_selected_action": ids, **more}
    return client.post(f"/admin/arithmetic/{model}/", data, follow=True)


def test_there_is_no_login_until_one_is_made(client: Client) -> None:
    assert User.objects.count() == 0
    response = client.get("/admin/")
    assert response.status_code == 302
    assert response["Location"].startswith("/admin/login/")


@pytest.mark.parametrize("page", PAGES)
def test_each_list_and_row_is_shown_and_needs_no_inline_script(boss: Client, page: str) -> None:
    store(2, batch_id=Batch.objects.create(total=2, fingerprint="").pk)
    TaskResult.objects.create(task_id="t1", status="FAILURE", traceback="Why")
    response = boss.get(f"/admin/{page}/")
    body = response.content.decode()
    assert response.status_code == 200
    assert "default-src 'self'" in response["Content-Security-Policy"]
    assert not re.findall(r"<script(?![^>]*(src=|application/json))", body)
    assert not re.findall(r'\s(onclick|onload|style)="', body)
    for address in re.findall(rf'href="(/admin/{page}/\d+/change/[^"]*)"', body):
        assert boss.get(address).status_code == 200


@pytest.mark.parametrize("page", PAGES)
def test_nothing_can_be_added_edited_or_deleted_there(boss: Client, page: str) -> None:
    store(1)
    assert boss.get(f"/admin/{page}/add/").status_code == 403
    assert boss.post("/admin/arithmetic/mathtask/1/change/", {"status": "success"}).status_code == 403
    assert "delete_selected" not in boss.get(f"/admin/{page}/").content.decode()


def test_the_list_costs_the_same_at_any_size(boss: Client, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    store(1)
    for _ in range(2):
        with django_assert_num_queries(4):  # session, user, a bounded count, the rows
            boss.get("/admin/arithmetic/mathtask/?status__exact=created")
        store(150)


def test_counting_stops_at_a_bound(boss: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(our_admin, "PAGES_UP_TO", 3)
    store(5)
    assert "3 tasks" in boss.get("/admin/arithmetic/mathtask/").content.decode()


def shown(client: Client, query: str) -> list[int]:
    """The ids in the list."""
    page = client.get(f"/admin/arithmetic/mathtask/?{query}")
    assert page.status_code == 200
    return [task.pk for task in page.context["cl"].result_list]


def test_filters_and_search(boss: Client) -> None:
    Batch.objects.create(pk=1, total=1, fingerprint="")
    add, minus = store(1, batch_id=1), store(2, task_type="minus", status="failed")
    assert shown(boss, "task_type=minus") == minus[::-1]
    assert shown(boss, "task_type=minus&status__exact=failed") == minus[::-1]
    assert shown(boss, "task_type=add&status__exact=failed") == []
    assert shown(boss, "batch__exact=1") == add
    assert shown(boss, f"q={minus[0]}") == minus[:1]
    for word in ("abc", "9" * 40, "-1", "٣"):
        assert shown(boss, f"q={word}") == []


def test_tasks_are_cancelled_and_retried(boss: Client) -> None:
    waiting, pending, failed = store(1), held("w/1"), store(1, status="failed")
    ids = [*waiting, *pending, *failed]
    assert "2 tasks were changed." in act(boss, "mathtask", "cancel_tasks", ids).content.decode()
    assert states(ids) == ["cancelled", "cancelled", "failed"]
    assert "3 tasks were changed." in act(boss, "mathtask", "retry_tasks", ids).content.decode()
    assert states(ids) == ["created"] * 3


def test_a_whole_batch_is_cancelled_and_retried(boss: Client) -> None:
    batch = Batch.objects.create(total=3, fingerprint="")
    ids, other = store(3, batch_id=batch.pk), store(1)
    act(boss, "batch", "cancel_batches", [batch.pk])
    assert states([*ids, *other]) == ["cancelled"] * 3 + ["created"]
    act(boss, "batch", "retry_batches", [batch.pk])
    assert states(ids) == ["created"] * 3
    assert "created: 3" in boss.get(f"/admin/arithmetic/batch/{batch.pk}/change/").content.decode()


def test_who_may_only_look_cannot_act(client: Client) -> None:
    user = User.objects.create_user("guest", is_staff=True)
    user.user_permissions.set([])
    client.force_login(user)
    ids = store(1)
    assert client.get("/admin/arithmetic/mathtask/").status_code == 403
    assert act(client, "mathtask", "cancel_tasks", ids).status_code == 403
    assert states(ids) == ["created"]


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
