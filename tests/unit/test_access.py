"""Who asks, what they may, and how it is told; the matrix of all routes is beside this file."""

import hashlib
from datetime import timedelta
from typing import Any

import pytest
from commands import manage
from django.contrib.auth.models import AnonymousUser, Group, Permission, User
from django.db import connection
from django.db.models.functions import Now
from django.test import Client
from django.test.utils import CaptureQueriesContext
from people import PASSWORD, client_of, person, token
from pytest_django import DjangoAssertNumQueries, Settings
from rows import database_away, states, store
from sentences import sentence

from arithmetic.models import MathTask
from durable.access import make_groups, notice
from durable.by import NOBODY
from durable.credentials import NotMade, find_token, make_token, revoke_token
from durable.events import Event
from durable.models import Token

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("plain_static", "published")]
NEW = {"x": "1", "task_type": "add", "y": "2"}
JSON = "application/json"
FETCH = {"X-Requested-With": "fetch"}


def bearer(secret: str) -> dict[str, str]:
    """The header."""
    return {"Authorization": f"Bearer {secret}"}


# --- What is told ---------------------------------------------------------------------------------


def test_a_program_without_a_token_is_told_what_to_send(client: Client, settings: Settings) -> None:
    settings.ACCESS = "read"
    response = client.post("/api/tasks", NEW, JSON)
    assert (response.status_code, response["WWW-Authenticate"]) == (401, 'Bearer realm="Abacus"')
    assert "Authorization: Bearer" in sentence(response)
    assert "write" in sentence(response)
    assert MathTask.objects.count() == 0


def test_a_program_whose_token_has_not_the_scope_is_told_which(settings: Settings) -> None:
    settings.ACCESS = "read"
    response = client_of("token reader").post("/api/tasks", NEW, JSON)
    assert response.status_code == 403
    assert 'scope="write"' in response["WWW-Authenticate"]
    assert "token:reader" in sentence(response)
    assert "write" in sentence(response)


@pytest.mark.parametrize("mode", ["open", "read", "login"])
@pytest.mark.parametrize("secret", ["", "x", "abacus_wrong", f"abacus_{'A' * 43}", "abacus_é"])
@pytest.mark.parametrize("path", ["/api/tasks", "/", "/login", "/nothing"])
def test_a_wrong_token_is_told_so_in_each_mode(
    client: Client, settings: Settings, mode: str, secret: str, path: str
) -> None:
    settings.ACCESS = mode
    token("writer")
    response = client.get(path, headers=bearer(secret))
    assert response.status_code == 401
    assert 'error="invalid_token"' in response["WWW-Authenticate"]
    assert "revoked" in response.content.decode()


def test_the_scheme_is_written_as_one_likes_and_another_one_is_somebody_elses(
    client: Client, settings: Settings
) -> None:
    settings.ACCESS = "login"
    secret = token("reader")
    assert client.get("/api/tasks", headers={"Authorization": f"bearer  {secret} "}).status_code == 200
    assert client.get("/api/tasks", headers={"Authorization": "Basic eDp5"}).status_code == 401
    settings.ACCESS = "open"  # a proxy in front may have a login of its own
    response = client.get("/api/tasks", headers={"Authorization": "Basic eDp5"})
    assert (response.status_code, response["Cache-Control"]) == (200, "private, no-store")


def test_a_person_is_led_to_the_login_and_back(client: Client, settings: Settings) -> None:
    settings.ACCESS = "login"
    response = client.get("/?status=failed&lang=en")
    assert response.status_code == 302
    assert response["Location"] == "/login?next=%2F%3Fstatus%3Dfailed%26lang%3Den"
    person("reader")
    page = client.get(response["Location"])
    assert 'name="next" value="/?status=failed&amp;lang=en"' in page.content.decode()
    given = {"username": "reader", "password": PASSWORD, "next": "/?status=failed&lang=en"}
    assert client.post("/login", given)["Location"] == "/?status=failed&lang=en"
    assert client.get("/").status_code == 200


@pytest.mark.parametrize(
    "where", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", "/\\evil.example"]
)
def test_the_login_leads_nowhere_else(client: Client, where: str) -> None:
    person("reader")
    assert client.post("/login", {"username": "reader", "password": PASSWORD, "next": where})["Location"] == "/"


def test_a_form_of_nobody_is_led_to_the_login_and_does_nothing(client: Client, settings: Settings) -> None:
    settings.ACCESS = "read"
    response = client.post("/", NEW)
    assert (response.status_code, response["Location"]) == (302, "/login?next=%2F")
    assert MathTask.objects.count() == 0


def test_the_pages_script_is_told_in_json(client: Client, settings: Settings) -> None:
    settings.ACCESS = "read"
    response = client.post("/", NEW, headers=FETCH)
    assert response.status_code == 401
    assert "log in" in sentence(response)
    settings.ACCESS = "login"
    assert client.get("/tasks/now?lang=en", headers=FETCH).status_code == 401


def test_somebody_who_may_not_is_told_so_on_a_page(settings: Settings) -> None:
    settings.ACCESS = "read"
    response = client_of("user reader").post("/", NEW)
    assert response.status_code == 403
    assert "reader may not do this" in response.content.decode()
    assert MathTask.objects.count() == 0


# --- What is shown --------------------------------------------------------------------------------

CONTROLS = [
    'id="task-form"',
    'id="upload"',
    'id="act"',
    "form.js",
    "actions.js",
    "uploads.js",
    "tasks/many",
    'form="act"',
]


@pytest.mark.parametrize(("who", "shown"), [("nobody", False), ("user reader", False), ("user writer", True)])
def test_what_one_may_not_do_is_not_offered(settings: Settings, who: str, shown: bool) -> None:
    settings.ACCESS = "read"
    store()
    client = client_of(who)
    page, rows = client.get("/").content.decode(), client.get("/tasks/now?lang=en").content.decode()
    assert {control: control in page for control in CONTROLS} == dict.fromkeys(CONTROLS, shown)
    assert ('name="cancel"' in rows) == shown
    assert ("<form" in client.get("/tasks/many?action=cancel").content.decode().partition('id="content"')[2]) == shown


def test_the_page_says_who_is_logged_in_and_lets_them_out(client: Client) -> None:
    page = client.get("/?status=failed").content.decode()
    assert '<a href="/login?next=/%3Fstatus%3Dfailed">' in page
    assert 'action="/logout"' not in page
    client = client_of("user reader")
    page = client.get("/").content.decode()
    assert "<span>reader</span>" in page
    assert 'action="/logout"' in page
    assert "/login" not in page


def test_a_strangers_page_names_nothing_of_the_site(client: Client, settings: Settings) -> None:
    settings.ACCESS = "login"
    page = client.get("/login").content.decode()
    assert "/api/docs" not in page
    assert "readings" not in page.lower()


# --- Caches ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/tasks/now?lang=en", "/api/tasks", "/api/stats"])
def test_what_nobody_asks_for_is_shared_and_what_somebody_does_is_not(settings: Settings, path: str) -> None:
    settings.ACCESS = "read"
    answer = Client().get(path)
    assert answer["Cache-Control"] == "public, max-age=1"
    assert "cookie" not in answer.get("Vary", "").lower()
    for who in ("user reader", "token reader"):
        assert client_of(who).get(path)["Cache-Control"] == "private, no-store"
    assert Client(headers={"Cookie": "sessionid=forged"}).get(path)["Cache-Control"] == "private, no-store"
    assert "public" not in Client().get(path.replace("=en", "=xx")).get("Cache-Control", "") or "lang" not in path


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


# --- Tokens ---------------------------------------------------------------------------------------


def test_only_a_digest_is_kept() -> None:
    secret = token("writer")
    row = Token.objects.get()
    assert row.digest == hashlib.sha256(secret.encode()).hexdigest()
    assert secret.startswith("abacus_")
    assert len(secret) >= len("abacus_") + 43  # 32 random bytes
    assert token("writer", "other") != secret


def test_a_token_ends_when_it_is_revoked_or_expires(settings: Settings) -> None:
    settings.ACCESS = "login"
    client = client_of("token reader")
    assert client.get("/api/tasks").status_code == 200
    Token.objects.update(expire_time=Now() + timedelta(seconds=60))
    assert client.get("/api/tasks").status_code == 200
    Token.objects.update(expire_time=Now() - timedelta(seconds=1))
    assert client.get("/api/tasks").status_code == 401
    Token.objects.update(expire_time=None)
    assert client.get("/api/tasks").status_code == 200
    assert revoke_token(name="reader", by=NOBODY)
    assert client.get("/api/tasks").status_code == 401
    assert not revoke_token(name="reader", by=NOBODY)


@pytest.mark.parametrize(
    "given",
    [
        {"name": ""},
        {"name": "a b"},
        {"name": "a:b"},
        {"name": "a" * 65},
        {"days": 0},
        {"scopes": []},
        {"scopes": ["admin"]},
    ],
)
def test_a_token_that_cannot_be_is_refused_with_a_sentence(given: dict[str, Any]) -> None:
    with pytest.raises(NotMade, match=r"^A token.*\.$"):
        make_token(**{"name": "ci", "scopes": ["read"], "days": None, "by": NOBODY, **given})


def test_a_name_is_never_used_again() -> None:
    token("reader", "ci")
    revoke_token(name="ci", by=NOBODY)
    with pytest.raises(NotMade, match="take another name"):
        token("reader", "ci")


def test_making_and_revoking_leave_events() -> None:
    token("writer", "ci")
    revoke_token(name="ci", by=NOBODY)
    assert list(Event.objects.values_list("what", "subject", "detail")) == [
        ("token made", "ci", "read,write"),
        ("token revoked", "ci", ""),
    ]


def test_the_command_line_makes_lists_and_revokes(tmp_path: Any) -> None:
    assert manage("migrate", "-v", "0", data=tmp_path).returncode == 0
    made = manage("token", "make", "ci", "--scopes", "read,operate", "--days", "90", data=tmp_path)
    assert made.returncode == 0, made.stderr
    assert made.stdout.strip().startswith("abacus_")
    assert "not shown again" in made.stderr
    listed = manage("token", "list", data=tmp_path).stdout
    assert "ci\tread,operate\tvalid until" in listed
    assert made.stdout.strip() not in listed
    assert manage("token", "make", "ci", data=tmp_path).stderr.startswith("CommandError: There is, or was, a token ci")
    assert "is revoked" in manage("token", "revoke", "ci", data=tmp_path).stdout
    assert "revoked" in manage("token", "list", data=tmp_path).stdout
    assert "There is no valid token ci" in manage("token", "revoke", "ci", data=tmp_path).stderr


def test_in_the_admin_a_token_is_made_shown_once_and_revoked(client: Client) -> None:
    boss = User.objects.create_superuser("boss")
    client.force_login(boss)
    page = client.post("/admin/durable/token/add/", {"name": "ci", "scopes": ["read", "operate"], "days": "7"})
    secret = page.context["secret"]
    assert secret in page.content.decode()
    assert "no-store" in page["Cache-Control"]
    assert find_token(secret) is not None
    row = Token.objects.get()
    assert (row.name, row.scopes, row.created_by) == ("ci", "read,operate", "boss")
    again = client.post("/admin/durable/token/add/", {"name": "ci", "scopes": ["read"]})
    assert "take another name" in again.content.decode()
    assert secret not in client.get("/admin/durable/token/").content.decode()
    done = client.post("/admin/durable/token/", {"action": "revoke", "_selected_action": [row.pk]}, follow=True)
    assert "1 token was revoked." in done.content.decode()
    assert find_token(secret) is None
    assert Event.objects.get(what="token revoked").by == "boss"


def test_nobody_gives_away_a_scope_that_they_have_not(client: Client, settings: Settings) -> None:
    settings.ACCESS = "login"
    clerk = person("reader")
    clerk.is_staff = True
    clerk.save()
    clerk.user_permissions.set(Permission.objects.filter(codename="add_token"))
    client.force_login(clerk)
    assert client.post("/admin/durable/token/add/", {"name": "ci", "scopes": ["operate"]}).context["secret"] == ""
    assert client.post("/admin/durable/token/add/", {"name": "ci", "scopes": ["read"]}).context["secret"]
    clerk.user_permissions.clear()
    assert client.get("/admin/durable/token/add/").status_code == 403


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


# --- The start ------------------------------------------------------------------------------------


def test_the_start_says_that_anybody_may_act_unless_nobody_else_can_come(settings: Settings) -> None:
    settings.EMBEDDED = False
    assert "anybody who reaches the port may" in notice()
    settings.EMBEDDED = True
    assert notice() == ""


@pytest.mark.parametrize("mode", ["read", "login"])
def test_the_start_says_how_to_make_somebody_while_there_is_nobody(settings: Settings, mode: str) -> None:
    settings.ACCESS = mode
    assert f"ACCESS={mode}" in notice()
    assert "createsuperuser" in notice()
    person("reader")
    assert notice() == ""


@pytest.mark.parametrize("mode", ["open", "read", "login"])
def test_health_says_which_it_is(client: Client, settings: Settings, mode: str) -> None:
    settings.ACCESS = mode
    assert client.get("/health").json()["access"] == mode
