from durable.settings import *
from durable.settings import INSTALLED_APPS

INSTALLED_APPS = ["bench.rivals.rows", *INSTALLED_APPS, "durable.jobs", "django_tasks"]
TASKS = {"default": {"BACKEND": "durable.backend.DurableBackend"}}
