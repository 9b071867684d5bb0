"""The first person who may use /admin/: made from the environment, or by `run.sh manage createsuperuser`."""

import logging

from django.contrib.auth import get_user_model
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.db import IntegrityError

from durable.env import env_secret, env_str

logger = logging.getLogger(__name__)


def make_first_admin() -> None:
    """Make the user that DJANGO_SUPERUSER_USERNAME names, once; one who exists is left as is, password and all."""
    name, password = env_str("DJANGO_SUPERUSER_USERNAME"), env_secret("DJANGO_SUPERUSER_PASSWORD")
    if bool(name) != bool(password):
        raise ImproperlyConfigured(
            "DJANGO_SUPERUSER_USERNAME and DJANGO_SUPERUSER_PASSWORD (or _FILE) go together: set both or none."
        )
    users = get_user_model().objects
    if not name or users.filter(username=name).exists():
        return
    try:
        validate_password(password, get_user_model()(username=name))
    except ValidationError as error:
        raise ImproperlyConfigured(f"DJANGO_SUPERUSER_PASSWORD is too weak: {' '.join(error.messages)}") from None
    try:
        users.create_superuser(username=name, password=password)
    except IntegrityError:
        return  # another container was first
    logger.info("admin: made the user %s", name)
