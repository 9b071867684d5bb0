from bench.rivals.base import *
from bench.rivals.base import INSTALLED_APPS, REDIS

INSTALLED_APPS = ["huey.contrib.djhuey", "bench.rivals.setups.huey", *INSTALLED_APPS]
HUEY = {
    "huey_class": "huey.RedisHuey",
    "name": "project",
    "immediate": False,
    "connection": {"url": REDIS},
    "consumer": {"workers": 2, "worker_type": "process"},
}
