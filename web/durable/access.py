"""Who may do what (ACCESS): what those without a name may, what people's groups give them, and what the start says."""

from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.auth import get_user_model
from django.db.models.signals import post_migrate

NOBODY_MAY = {
    "open": frozenset({"read", "write"}),
    "read": frozenset({"read"}),
    "login": frozenset[str](),
}
GROUPS = {"writers": ("write",), "operators": ("write", "operate")}  # permissions of durable.tokens.Token

OPEN = (
    "ACCESS=open: anybody who reaches the port may create, cancel and retry tasks. "
    "With ACCESS=read strangers may look, with ACCESS=login they have to log in."
)
NOBODY_YET = (
    "ACCESS={mode}, and there is nobody who could log in: ./run.sh manage createsuperuser makes somebody "
    "(in containers: docker compose exec -it web ./run.sh ...), ./run.sh token make NAME a program's token."
)


def nobody_may() -> frozenset[str]:
    """The scopes of those without a name; who has one may never do less."""
    return NOBODY_MAY[settings.ACCESS]


def notice() -> str:
    """What whoever starts the site should know about who may act; empty if nothing."""
    if settings.ACCESS == "open":
        # Embedded, it listens to this machine alone.
        return "" if settings.EMBEDDED else OPEN
    somebody = get_user_model().objects.filter(is_active=True).exists()
    return "" if somebody else NOBODY_YET.format(mode=settings.ACCESS)


def make_groups(**_: Any) -> None:
    """The two groups, once; what became of them since is the owner's business."""
    groups, permissions = apps.get_model("auth", "Group").objects, apps.get_model("auth", "Permission").objects
    for name, codenames in GROUPS.items():
        given = list(permissions.filter(content_type__app_label="durable", codename__in=codenames))
        if len(given) == len(codenames) and not groups.filter(name=name).exists():
            groups.create(name=name).permissions.set(given)


def register() -> None:
    """Have the groups made by each migration, once the permissions are there: the app auth comes after this one."""
    post_migrate.connect(make_groups, sender=apps.get_app_config("auth"), dispatch_uid="durable.groups")
