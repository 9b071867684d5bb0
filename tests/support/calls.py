"""A site of its own whose view enqueues a function: settings, addresses and views in one."""

from config.settings import *  # noqa: F403
from config.settings import DATA_DIR, INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "durable.jobs", "django_tasks"]
TASKS = {"default": {"BACKEND": "durable.backend.DurableBackend"}}
ROOT_URLCONF = "support.calls_urls"
CALLS_DIR = DATA_DIR / "calls"
STATIC_ROOT = DATA_DIR / "static"
