"""Events as operators see them: by API and in the admin, newest first, at a cost that does not grow."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from durable import events
from durable.by import By
from durable.events import What, record
from durable.models import Event

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("plain_static", "published")]
ANNE, BILL = By("anne", "192.0.2.1", "r-1"), By("bill", "192.0.2.2", "r-2")


def named(*permissions: str) -> Client:
    """Somebody who has logged in, with these permissions."""
    user = User.objects.create_user("olga")
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions, content_type__app_label="durable"))
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def operator() -> Client:
    """An operator."""
    return named("operate")


def told(client: Client, query: str = "") -> tuple[list[int], Any]:
    """The ids of a page, and its `next`."""
    answer = client.get(f"/api/events?{query}")
    assert answer.status_code == 200, answer.content
    return [item["id"] for item in answer.json()["items"]], answer.json()["next"]


def stored(what: What = "cancel", who: By = ANNE, count: int = 1, **fields: Any) -> list[int]:
    """So many events, the newest first."""
    for _ in range(count):
        record(what, who, **fields)
    return list(Event.objects.order_by("-pk").values_list("pk", flat=True)[:count])


@pytest.mark.parametrize("permissions", [None, (), ("write",), ("view_event",)])
def test_who_is_no_operator_sees_none(client: Client, permissions: tuple[str, ...] | None) -> None:
    stored()
    asks = client if permissions is None else named(*permissions)
    answer = asks.get("/api/events")
    assert answer.status_code == (401 if permissions is None else 403)
    assert list(answer.json()) == ["error"]


def test_an_operator_sees_who_did_what_and_no_cache_keeps_it(operator: Client) -> None:
    stored("cancel many", BILL, kind="mathtask", subject="1 to 9", detail="status=created")
    answer = operator.get("/api/events")
    (item,) = answer.json()["items"]
    assert {name: value for name, value in item.items() if name not in {"id", "time"}} == {
        "by": "bill",
        "address": "192.0.2.2",
        "request_id": "r-2",
        "what": "cancel many",
        "kind": "mathtask",
        "subject": "1 to 9",
        "count": 1,
        "detail": "status=created",
    }
    assert answer["Cache-Control"] == "private, no-store"


def test_pages_go_from_the_newest_to_the_oldest(operator: Client) -> None:
    ids = stored(count=5)
    assert told(operator, "limit=2") == (ids[:2], ids[1])
    assert told(operator, f"limit=2&before={ids[1]}") == (ids[2:4], ids[3])
    assert told(operator, f"limit=2&before={ids[3]}") == (ids[4:], None)
    assert told(operator, "limit=5") == (ids, None)


def test_filters_find_what_matches_and_nothing_else(operator: Client) -> None:
    (cancelled,) = stored("cancel", ANNE, kind="mathtask", subject="7")
    (retried,) = stored("retry", BILL, kind="mathtask", subject="7")
    (other,) = stored("cancel", BILL, kind="reading", subject="7")
    (unnamed,) = stored("login failed", By(address="192.0.2.9"), subject="anne")
    expected = {
        "what=cancel": [other, cancelled],
        "by=bill": [other, retried],
        "by=": [unnamed],
        "kind=mathtask&subject=7": [retried, cancelled],
        "kind=mathtask&subject=7&by=anne": [cancelled],
        "what=cancel&subject=7": [other, cancelled],
        "what=cancel&kind=reading&subject=7": [other],
        "subject=7": [other, retried, cancelled],
        "subject=8": [],
    }
    assert {query: told(operator, query) for query in expected} == {
        query: (ids, None) for query, ids in expected.items()
    }


@pytest.mark.parametrize(("query", "name"), [("what=steal", "what"), ("whom=anne", "whom"), ("limit=501", "limit")])
def test_what_cannot_be_asked_for_is_refused(operator: Client, query: str, name: str) -> None:
    answer = operator.get(f"/api/events?{query}")
    assert answer.status_code == 422
    assert name in answer.json()["fields"]


def test_a_rare_event_is_looked_for_in_bounded_pages(operator: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "LOOK_THROUGH", 3)
    (rare,) = stored("batch")
    ids = stored("cancel", count=7)
    pages, query = list[tuple[list[int], Any]](), "what=batch"
    while not pages or pages[-1][1]:
        pages.append(told(operator, query))
        query = f"what=batch&before={pages[-1][1]}"
    assert pages == [([], ids[2]), ([], ids[5]), ([rare], None)]


def test_a_page_costs_the_same_at_any_size(operator: Client, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    for count in (1, 100):
        stored(count=count, kind="mathtask", subject="7")
        for query in ("", "what=cancel", "kind=mathtask&subject=7"):
            with django_assert_num_queries(6):  # session, user, his rights (two), the ids, the rows
                told(operator, query)


def test_the_admin_shows_them_and_changes_none() -> None:
    User.objects.create_superuser("boss")
    boss = Client()
    boss.force_login(User.objects.get())
    (cancelled,) = stored("cancel", ANNE, kind="mathtask", subject="7")
    stored("retry", BILL)
    page = boss.get("/admin/durable/event/?what=cancel")
    assert [event.pk for event in page.context["cl"].result_list] == [cancelled]
    assert "anne" in page.content.decode()
    one = f"/admin/durable/event/{cancelled}"
    assert boss.get(f"{one}/change/").status_code == 200
    for address in (f"{one}/change/", f"{one}/delete/", "/admin/durable/event/add/"):
        assert boss.post(address, {"what": "nothing"}).status_code == 403
    assert Event.objects.get(pk=cancelled).what == "cancel"
