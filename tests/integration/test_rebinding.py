"""The name of a stranger's site that has been made to lead here: its page gets nothing of ours."""

import pytest

from support.foreign import rebind
from support.http import ask


def test_a_rebound_name_gets_neither_the_page_nor_its_form_through(site: str) -> None:
    answer = rebind(site, "evil.example")
    assert answer.status == 400
    assert b"DJANGO_ALLOWED_HOSTS" in answer.body


@pytest.mark.parametrize("path", ["/", "/api/tasks", "/api/openapi.json", "/admin/login/", "/static/durable/style.css"])
def test_no_address_answers_to_it(site: str, path: str) -> None:
    assert ask("GET", f"{site}{path}", headers={"Host": "evil.example"}).status == 400


@pytest.mark.parametrize("path", ["/live", "/ready", "/health"])
def test_the_probes_know_no_host(site: str, path: str) -> None:
    assert ask("GET", f"{site}{path}", headers={"Host": "evil.example"}).status == 200
