"""The project's settings on a scrubbed environment: nothing of this machine's configuration leaks in."""

import os
import secrets
import tempfile
from pathlib import Path

SCRUBBED = (
    "MYSQL_",
    "REDIS_",
    "RABBITMQ_",
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
folder = tempfile.mkdtemp(prefix="abacus-test-")
os.environ |= {"DATA_DIR": folder, "RUN_DIR": folder, "DJANGO_SECRET_KEY": secrets.token_hex(32)}
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"  # Playwright keeps an event loop in the tests' thread

from config.settings import *  # noqa: E402, F403
from config.settings import INSTALLED_APPS  # noqa: E402

# After the product's own kind, which stays the first.
INSTALLED_APPS = [*INSTALLED_APPS, "support.readings"]

STATIC_ROOT = Path(folder) / "static"  # nobody has collected files in a fresh clone
STATIC_ROOT.mkdir()
