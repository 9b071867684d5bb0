"""The project's settings on a scrubbed environment: nothing of this machine leaks in, and no file out."""

import atexit
import os
import secrets
import shutil
import tempfile
from pathlib import Path

import django

SCRUBBED = (
    "MYSQL_",
    "REDIS_",
    "RABBITMQ_",
    "ACCESS",
    "DJANGO_",
    "CELERY_",
    "TASK",
    "COMPOSE_",
    "WEB_",
    "HTTP_PORT",
    "LOG_LEVEL",
    "DRAIN",
    "STOP_",
)
for name in list(os.environ):
    if name.startswith(SCRUBBED) and name != "DJANGO_SETTINGS_MODULE":
        del os.environ[name]
# pytest keeps the folders of its last three runs where it always does.
os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", tempfile.gettempdir())
folder = tempfile.mkdtemp(prefix="abacus-test-")
os.environ |= {"DATA_DIR": folder, "RUN_DIR": folder, "DJANGO_SECRET_KEY": secrets.token_hex(32)}
# What else is temporary goes in there, too: browsers, type checkers and processes that are killed leave much behind.
os.environ["TMPDIR"] = tempfile.tempdir = folder


@atexit.register
def remove(owner: int = os.getpid()) -> None:
    """All of it goes with the process that made it, and not with a fork."""
    if os.getpid() == owner:
        shutil.rmtree(folder, ignore_errors=True)


os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"  # Playwright keeps an event loop in the tests' thread

from config.settings import *  # noqa: E402, F403
from config.settings import INSTALLED_APPS  # noqa: E402

# After the product's own kind, which stays the first.
INSTALLED_APPS = [*INSTALLED_APPS, "support.readings", "durable.jobs"]
TASKS = {"default": {"BACKEND": "durable.backend.DurableBackend"}}
if django.VERSION < (6,):
    INSTALLED_APPS.append("django_tasks")

STATIC_ROOT = Path(folder) / "static"  # nobody has collected files in a fresh clone
STATIC_ROOT.mkdir()
