from bench.rivals.base import *
from bench.rivals.base import INSTALLED_APPS, REDIS

INSTALLED_APPS = [*INSTALLED_APPS, "django_celery_results"]
CELERY_BROKER_URL = REDIS
CELERY_RESULT_BACKEND = "django-db"
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 30}
