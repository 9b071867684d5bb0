"""Whose a request is: what it costs to find out, what is kept of them, and when they are nobody."""

import pytest
from django.contrib.auth.models import AnonymousUser, Group, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from people import JSON, NEW, PASSWORD, bearer, client_of, person
from pytest_django import DjangoAssertNumQueries, Settings
from rows import database_away, states, store
from sentences import sentence

from durable.access import make_groups
from durable.events import Event

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("plain_static", "published")]


# --- What it costs --------------------------------------------------------------------------------


def statements(client: Client, path: str = "/api/nothing") -> list[str]:
    """What is asked of the database for an address without a view."""
    with CaptureQueriesContext(
        connection,
    ) as seen:
        client.get(path)
    return [query["sql"] for query in seen.captured_queries]


def test_nobody_costs_no_statement_and_a_token_one(client: Client) -> None:
    client.cookies["csrftoken"] = client.cookies["django_language"] = "x"
    assert statements(client) == []
    assert statements(Client(headers=bearer("of another kind"))) == []
    (one,) = statements(client_of("token writer"))
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN QUERY PLAN " + one)
        assert "USING INDEX" in cursor.fetchone()[3]


@pytest.mark.parametrize("path", ["/api/tasks", "/api/nothing", "/api/docs"])
def test_an_api_request_without_a_session_is_nobodys_and_costs_none(client: Client, path: str) -> None:
    for each in (client, client_of("token writer")):
        answer = each.get(path)
        assert isinstance(answer.wsgi_request.user, AnonymousUser)
        assert not hasattr(answer.wsgi_request, "session")
        assert "cookie" not in answer.get("Vary", "").lower()
        assert not answer.cookies


def test_where_a_session_is_named_all_is_as_django_has_it(client: Client, settings: Settings) -> None:
    assert hasattr(client.get("/tasks").wsgi_request, "session")
    answer = client_of("user writer").get("/api/tasks")
    assert answer.wsgi_request.user.get_username() == "writer"
    assert "cookie" in answer["Vary"].lower()
    forged = Client(headers={"Cookie": "sessionid=forged"}).get("/api/tasks")
    assert "sessionid" in forged.cookies  # taken away
    settings.CSRF_USE_SESSIONS = True
    assert hasattr(client.get("/api/tasks").wsgi_request, "session")


# --- Names ----------------------------------------------------------------------------------------


def test_two_with_one_key_have_a_task_each(client: Client) -> None:
    makers = [Client(), client_of("user writer"), client_of("token writer")]
    made = [each.post("/api/tasks", NEW, JSON, headers={"Idempotency-Key": "order-1"}) for each in makers]
    assert [answer.status_code for answer in made] == [201] * 3
    assert [answer.json()["created_by"] for answer in made] == ["", "writer", "token:writer"]
    again = makers[1].post("/api/tasks", NEW, JSON, headers={"Idempotency-Key": "order-1"})
    assert (again.status_code, again.json()["id"]) == (200, made[1].json()["id"])


def test_who_did_it_is_in_the_event() -> None:
    first, second = store(2)
    client_of("token writer").post(f"/api/tasks/{first}/cancel")
    client_of("user writer").post("/tasks/act", {"cancel": str(second)})
    assert states([first, second]) == ["cancelled"] * 2
    assert list(Event.objects.filter(what="cancel").values_list("by", flat=True)) == ["token:writer", "writer"]


def test_the_groups_are_made_once_and_then_their_owners() -> None:
    def given() -> dict[str, set[str]]:
        return {group.name: {each.codename for each in group.permissions.all()} for group in Group.objects.all()}

    assert given() == {"writers": {"write"}, "operators": {"write", "operate"}}
    Group.objects.get(name="writers").permissions.clear()
    make_groups()
    assert given()["writers"] == set()


def test_who_is_no_longer_active_is_nobody(settings: Settings) -> None:
    settings.ACCESS = "login"
    client = client_of("user writer")
    assert client.get("/api/tasks").status_code == 200
    User.objects.update(is_active=False)
    assert client.get("/api/tasks").status_code == 401


def test_without_the_database_a_token_gets_a_503_with_a_sentence(settings: Settings) -> None:
    client = client_of("token reader")
    with database_away():
        response = client.get("/api/tasks")
    assert (response.status_code, response["Retry-After"]) == (503, "5")
    assert "database is away" in sentence(response)


def test_asking_for_the_admin_leads_to_the_one_login(client: Client) -> None:
    response = client.get("/admin/", follow=True)
    assert response.redirect_chain[-1][0] == "/login?next=%2Fadmin%2F"
    person("reader")
    wrong = client.post("/login", {"username": "reader", "password": PASSWORD, "next": "/admin/"}, follow=True)
    assert wrong.status_code == 403
    assert "reader may not use the admin" in wrong.content.decode()


def test_logging_out_ends_the_session_and_is_an_event(settings: Settings) -> None:
    settings.ACCESS = "login"
    client = client_of("user reader")
    assert client.get("/logout").status_code == 405
    assert client.post("/logout").status_code == 302
    assert client.get("/api/tasks").status_code == 401
    assert list(Event.objects.filter(what="logout").values_list("by", "subject")) == [("reader", "reader")]


def test_what_costs_a_person(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    client = client_of("user writer")
    with django_assert_num_queries(4):  # the session, the user, their permissions and those of their groups
        client.get("/api/nothing")
