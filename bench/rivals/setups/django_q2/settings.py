from bench.rivals.base import *
from bench.rivals.base import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "django_q"]
Q_CLUSTER = {
    "name": "DjangORM",
    "workers": 2,
    "timeout": 20,
    "retry": 30,
    "queue_limit": 50,
    "bulk": 10,
    "orm": "default",
}
