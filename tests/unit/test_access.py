"""Who asks, what they may, and how it is told; the matrix of all routes is beside this file."""

import pytest
from django.test import Client
from people import JSON, NEW, PASSWORD, bearer, client_of, person, token
from pytest_django import Settings
from rows import store
from sentences import sentence

from arithmetic.models import MathTask
from durable.access import notice

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("plain_static", "published")]
FETCH = {"X-Requested-With": "fetch"}


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
