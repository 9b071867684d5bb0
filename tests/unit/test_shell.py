"""The page around the list is made once a second for all strangers; list, keys and tokens are each reader's own."""

import re
from itertools import pairwise

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from people import client_of
from pytest_django import Settings
from rows import sign, store, take

from arithmetic.models import MathTask
from durable import claims, progress
from durable.http import shell

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("plain_static", "published")]
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="(\w+)"')
KEY = re.compile(r'name="idempotency_key"[^>]* value="(\w+)"')


@pytest.fixture(autouse=True)
def one_second(monkeypatch: pytest.MonkeyPatch) -> None:
    """It lasts as long as the test."""
    monkeypatch.setattr(shell, "FRESH", 1e9)


def page(client: Client, path: str = "/") -> str:
    """As a browser gets it."""
    response = client.get(path)
    assert response.status_code == 200
    return str(response.content.decode())


def statements(client: Client, path: str = "/") -> int:
    """How many it costs."""
    with CaptureQueriesContext(connection) as sent:
        assert client.get(path).status_code == 200
    return len(sent)


def test_it_costs_one_statement_more_than_the_list(client: Client) -> None:
    store(3)
    sign("w", [1])
    page(client)
    store(1)
    assert (statements(client), statements(client, "/api/tasks")) == (3, 2)  # why tasks wait


def test_while_nothing_changes_the_list_is_not_asked_for(client: Client) -> None:
    store(3)
    sign("w", [1])
    page(client)
    assert statements(client) == 2  # whether something has changed, and why tasks wait


def test_what_holds_tasks_up_is_told_at_once(client: Client) -> None:
    assert "No worker is running" in page(client)
    sign("w", [1])
    assert "No worker is running" not in page(client)


def test_what_is_new_is_in_the_list_at_once(client: Client) -> None:
    for _ in range(3):
        (identity,) = store(1)
        assert f'id="task-{identity}"' in page(client)


def test_a_change_is_in_the_list_at_once(client: Client) -> None:
    (identity,) = store(1)
    shown = re.compile(rf'<tr id="task-{identity}".*?</tr>', re.DOTALL)
    rows = shown.findall(page(client))
    held, _ = take("w/1", [identity])
    rows += shown.findall(page(client))
    progress.write(held, identity, 0.5, "half")
    rows += shown.findall(page(client))
    claims.keep(held, [])
    rows += shown.findall(page(client))
    MathTask.objects.cancel([identity])
    rows += shown.findall(page(client))
    assert len(rows) == 5
    assert all(one != other for one, other in pairwise(rows)), rows


def test_each_reader_has_tokens_and_keys_of_his_own() -> None:
    found = [page(client) for client in (Client(), Client(), Client())]
    keys = [key for text in found for key in KEY.findall(text)]
    assert len(keys) == len(set(keys)) == 6
    assert len({TOKEN.findall(text)[0] for text in found}) == 3
    assert not [mark for text in found for mark in (shell.LIST, shell.HINT, shell.TOKEN, shell.KEY) if mark in text]


def test_a_form_of_a_page_that_many_share_is_taken() -> None:
    for number in range(2):
        reader = Client(enforce_csrf_checks=True)
        text = page(reader)
        sent = {"csrfmiddlewaretoken": TOKEN.findall(text)[0], "idempotency_key": KEY.findall(text)[0]}
        assert reader.post("/", {**sent, "x": "1", "task_type": "add", "y": "2"}).status_code == 303
        assert MathTask.objects.count() == number + 1


def test_each_language_has_its_own() -> None:
    assert 'lang="en"' in page(Client(headers={"Accept-Language": "en"}))
    assert 'lang="zh-hans"' in page(Client(headers={"Accept-Language": "zh-CN"}))
    assert 'lang="en"' in page(Client(headers={"Accept-Language": "en"}))


def test_whoever_has_a_name_shares_it_with_nobody(settings: Settings) -> None:
    page(Client())
    assert "anna" not in page(Client())
    named = page(client_of("user operator"))
    assert "Log out" in named
    assert "Log out" not in page(Client())
    settings.ACCESS = "read"
    assert 'id="task-form"' not in page(Client())


def test_filters_and_pages_are_not_shared(client: Client) -> None:
    (failed,) = store(1, status="failed")
    page(client)
    assert f'id="task-{failed}"' in page(client, "/?status=failed")
    assert f'id="task-{failed}"' not in page(client, "/?status=success")
