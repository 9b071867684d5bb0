"""Who asks, in the tests of access: nobody, people of each group, programs with each token."""

from typing import Any

from django.contrib.auth.models import Group, User
from django.test import Client

from durable.by import NOBODY
from durable.credentials import make_token

PASSWORD = "correct horse battery"
GROUPS = {"reader": [], "writer": ["writers"], "operator": ["operators"]}
SCOPES = {"reader": ["read"], "writer": ["read", "write"], "operator": ["read", "write", "operate"]}
WHO = ["nobody", *(f"{way} {role}" for role in GROUPS for way in ("user", "token"))]
NEW = {"x": "1", "task_type": "add", "y": "2"}
JSON = "application/json"


def person(role: str, name: str = "") -> User:
    """A user of that role."""
    user = User.objects.create_user(name or role, password=PASSWORD)
    user.groups.set(Group.objects.filter(name__in=GROUPS[role]))
    return user


def token(role: str, name: str = "") -> str:
    """A token of that role; its secret."""
    return make_token(name=name or role, scopes=SCOPES[role], days=None, by=NOBODY)


def bearer(secret: str) -> dict[str, str]:
    """The header."""
    return {"Authorization": f"Bearer {secret}"}


def client_of(who: str, **more: Any) -> Client:
    """A client that asks as that one."""
    way, _, role = who.partition(" ")
    if way == "token":
        return Client(headers=bearer(token(role)), **more)
    client = Client(**more)
    if way == "user":
        client.force_login(person(role))
    return client
