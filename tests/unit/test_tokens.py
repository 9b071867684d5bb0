"""Tokens of programs: made by whoever may, shown once, and ended by being revoked or by their time."""

import hashlib
from datetime import timedelta
from typing import Any

import pytest
from commands import manage
from django.contrib.auth.models import Permission, User
from django.db.models.functions import Now
from django.test import Client
from people import client_of, person, token
from pytest_django import Settings

from durable.by import NOBODY
from durable.credentials import NotMade, find_token, make_token, revoke_token
from durable.events import Event
from durable.models import Token

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("plain_static", "published")]


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
