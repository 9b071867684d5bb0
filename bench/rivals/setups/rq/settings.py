from bench.rivals.base import *
from bench.rivals.base import INSTALLED_APPS, REDIS

INSTALLED_APPS = ["django_rq", *INSTALLED_APPS]
RQ_QUEUES = {"default": {"URL": REDIS, "DEFAULT_TIMEOUT": 360}}
