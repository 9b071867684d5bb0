import re
from html import escape
from typing import Any

import pytest
from django.test import Client
from rows import database_away, store

from arithmetic.models import MathTask

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("plain_static")]
GOOD = {"x": "0.1", "task_type": "add", "y": "0.2", "idempotency_key": "k1"}
FETCH = {"X-Requested-With": "fetch"}
Published = list[tuple[int, str]]


@pytest.fixture
def client() -> Client:
    """A browser without a session; every failure is an answer."""
    return Client(raise_request_exception=False)


def text(response: Any) -> str:
    """The page."""
    return str(response.content.decode())


def error_of(response: Any, field: str) -> str:
    """What stands beside a field."""
    found = re.search(rf'data-error-of="{field}"[^>]*>([^<]*)<', text(response))
    assert found, text(response)
    return found[1]


def shown(response: Any) -> list[int]:
    """The ids in the list."""
    return [int(found) for found in re.findall(r'data-id="(\d+)"', text(response))]


def test_a_sent_form_leads_back_to_the_list(client: Client, published: Published) -> None:
    response = client.post("/", GOOD, headers={"X-Request-ID": "abc-1"})
    task = MathTask.objects.get()
    assert (response.status_code, response["Location"]) == (303, f"/?made={task.pk}")
    assert (task.x, task.task_type, task.y, task.status) == ("0.1", "add", "0.2", "created")
    assert published == [(task.pk, "abc-1")]
    assert shown(client.get("/")) == [task.pk]


def test_a_form_sent_twice_makes_one_task(client: Client, published: Published) -> None:
    assert [client.post("/", GOOD).status_code for _ in range(2)] == [303, 303]
    assert MathTask.objects.count() == len(published) == 1
    other = client.post("/", {**GOOD, "x": "7"})
    assert other.status_code == 422
    assert "This form was sent before with other values." in text(other)
    assert MathTask.objects.count() == 1


def test_each_form_has_a_key_of_its_own(client: Client) -> None:
    keys = {re.findall(r'name="idempotency_key"[^>]*value="(\w+)"', text(client.get("/")))[0] for _ in range(2)}
    assert len(keys) == 2


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("x", "abc", "number, such as"),
        ("x", "", "Type a number."),
        ("y", "1e9999", "exponent"),
        ("y", "NaN", "finite number"),
        ("x", "1" * 40, "34 significant digits"),
        ("x", "1" * 10_000, "at most 200 characters"),
        ("x", "1\0", "number, such as"),
        ("x", "<script>", "number, such as"),
        ("task_type", "modulo", "no such operation; use one of: add, minus, multiply, divide"),
        ("task_type", "", "no such operation"),
    ],
)
def test_bad_input_is_kept_with_a_sentence_beside_it(
    client: Client, published: Published, field: str, value: str, words: str
) -> None:
    response = client.post("/", {**GOOD, "x": "11", "y": "22", field: value})
    assert response.status_code == 422
    assert re.fullmatch(rf"[A-Z].*{words}.*\.|{words}", error_of(response, field))
    other = "y" if field == "x" else "x"
    assert error_of(response, other) == ""
    for name in {"x", "y"}:
        kept = {"x": "11", "y": "22", field: value}[name]
        assert f'id="id_{name}" value="{escape(kept)}"' in text(response)
    assert MathTask.objects.count() == len(published) == 0


@pytest.mark.parametrize("script", [False, True])
@pytest.mark.parametrize("more", [{"z": "3"}, {"X": "1"}, {"status": "success"}, {"x": ["1", "2"]}, {"result": "7"}])
def test_an_unknown_field_is_refused_with_its_name(
    client: Client, published: Published, more: dict[str, Any], script: bool
) -> None:
    response = client.post("/", {**GOOD, **more}, headers=FETCH if script else {})
    assert (response.status_code, MathTask.objects.count(), published) == (422, 0, [])
    (name,) = more
    assert re.search(rf"(This form has no field {name}|{name} is there more than once): .*\.", text(response))


def test_what_the_form_leaves_out_is_told_beside_its_field(client: Client) -> None:
    response = client.post("/", {"x": "1", "task_type": "add"})
    assert (response.status_code, error_of(response, "y")) == (422, "Type a number.")


def test_the_script_gets_the_errors_as_json(client: Client) -> None:
    response = client.post("/", {**GOOD, "x": "abc"}, headers=FETCH)
    assert response.status_code == 422
    assert response.json()["error"] == "Correct the marked fields."
    assert list(response.json()["fields"]) == ["x"]


def test_the_script_gets_the_new_list(client: Client, published: Published) -> None:
    response = client.post("/", GOOD, headers=FETCH)
    assert response.status_code == 201
    assert shown(response) == [published[0][0]]


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"x=\xff\xfe&task_type=add&y=1", "application/x-www-form-urlencoded"),
        (b"x=%00&task_type=add&y=1", "application/x-www-form-urlencoded"),
        (b"x=1&task_type=add&y=2", "application/x-www-form-urlencoded; charset=utf-16"),
        (b"\0\0\0", "application/octet-stream"),
        (b'{"x": "1", "task_type": "add", "y": "2"}', "application/json"),
        (b"x=1", "multipart/form-data"),
        (b"--b\r\nx", "multipart/form-data; boundary=b"),
        (b"&".join(b"x=1" for _ in range(200)), "application/x-www-form-urlencoded"),
        (b"x=" + b"1" * 11_000_000, "application/x-www-form-urlencoded"),
    ],
)
def test_a_body_that_is_no_form_is_refused_with_a_page(client: Client, body: bytes, content_type: str) -> None:
    response = client.generic("POST", "/", body, content_type)
    assert response.status_code in {400, 413, 415, 422}
    assert "<h1" in text(response)
    assert MathTask.objects.count() == 0


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
def test_a_wrong_method_is_refused(client: Client, method: str) -> None:
    response = client.generic(method, "/")
    assert (response.status_code, response["Allow"]) == (405, "GET, HEAD, POST")
    assert client.generic(method, "/tasks/now").status_code == 405


def test_a_form_from_elsewhere_is_refused_with_a_page(published: Published) -> None:
    browser = Client(enforce_csrf_checks=True)
    response = browser.post("/", GOOD)
    assert response.status_code == 403
    assert "<h1>The form had expired</h1>" in text(response)
    assert MathTask.objects.count() == 0
    token = re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', text(browser.get("/")))[0]
    assert browser.post("/", {**GOOD, "csrfmiddlewaretoken": token}).status_code == 303


def test_pages_show_each_row_once_and_lead_back(client: Client) -> None:
    ids = store(120)[::-1]
    page = client.get("/")
    seen = [shown(page)]
    while older := re.findall(r'rel="next" href="(/\?before=\d+)', text(page)):
        page = client.get(older[0])
        seen.append(shown(page))
    assert seen == [ids[:50], ids[50:100], ids[100:]]
    newer = re.findall(r'rel="prev" href="(/\?after=\d+)', text(page))[0]
    assert shown(client.get(newer)) == ids[50:100]


@pytest.mark.parametrize("query", ["before=x", "before=1.5", "after=" + "9" * 5000])
def test_a_bad_cursor_is_refused_with_a_sentence(client: Client, query: str) -> None:
    name = query.partition("=")[0]
    response = client.get(f"/?{query}")
    assert (response.status_code, f"{name} takes the number of a task." in text(response)) == (400, True)
    assert client.get(f"/tasks/now?{query}").status_code == 400


@pytest.mark.parametrize("cursor", ["0", "-1", str(2**64), "-" + "9" * 30])
def test_a_cursor_beyond_all_ids_is_a_page_too(client: Client, cursor: str) -> None:
    store(2)
    assert [client.get(f"/?{name}={cursor}").status_code for name in ("before", "after")] == [200, 200]


def test_a_bad_cursor_stores_nothing(client: Client, published: Published) -> None:
    response = client.post("/?before=x", GOOD, headers=FETCH)
    assert (response.status_code, MathTask.objects.count()) == (422, 0)


def test_an_unchanged_list_is_not_sent_again(client: Client) -> None:
    store(3)
    first = client.get("/tasks/now")
    assert client.get("/tasks/now", headers={"If-None-Match": first["ETag"]}).status_code == 304
    store()
    assert client.get("/tasks/now", headers={"If-None-Match": first["ETag"]}).status_code == 200


@pytest.mark.parametrize(("method", "path"), [("GET", "/"), ("POST", "/"), ("GET", "/tasks/now")])
def test_without_its_database_it_says_when_to_come_back(
    client: Client, published: Published, method: str, path: str
) -> None:
    with database_away():
        response = client.get(path) if method == "GET" else client.post(path, GOOD)
        script = client.get(path, headers=FETCH) if method == "GET" else client.post(path, GOOD, headers=FETCH)
    assert (response.status_code, response["Retry-After"]) == (503, "5")
    assert re.search(r'<p role="status">[A-Z][^<]+try again[^<]*\.</p>', text(response))
    assert script.status_code == 503
    assert "try again" in script.json()["error"]
    assert published == []


def test_an_unknown_address_has_a_page(client: Client) -> None:
    response = client.get("/nothing")
    assert response.status_code == 404
    assert "<h1>There is nothing at this address</h1>" in text(response)
