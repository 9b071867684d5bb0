from bench.rivals.base import *
from bench.rivals.base import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "dj_queue"]
DATABASE_ROUTERS = ["dj_queue.routers.DjQueueRouter"]
TASKS = {
    "default": {
        "BACKEND": "dj_queue.backend.DjQueueBackend",
        "QUEUES": [],
        "OPTIONS": {"workers": [{"queues": ["*"], "processes": 2}]},
    }
}
