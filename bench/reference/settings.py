"""What `django-admin startproject` writes, with MySQL, Redis and django-celery-results as their pages say."""

import os
from pathlib import Path
from typing import Any


def secret(name: str) -> str:
    """A secret of the stack, from the file that the environment names."""
    return Path(os.environ[f"{name}_FILE"]).read_text(encoding="utf-8").strip()


def redis(database: int) -> str:
    """An address in the stack's Redis."""
    return f"redis://:{secret('REDIS_PASSWORD')}@{os.environ['REDIS_HOST']}:6379/{database}"


SECRET_KEY = secret("DJANGO_SECRET_KEY")
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "bench.reference.urls"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
INSTALLED_APPS = [
    "bench.reference",
    "django_celery_results",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
DOCUMENTED: dict[str, Any] = {
    "ENGINE": "django.db.backends.mysql",
    "HOST": os.environ["MYSQL_HOST"],
    "NAME": "reference",
    "USER": os.environ["MYSQL_USER"],
    "PASSWORD": secret("MYSQL_PASSWORD"),
    "OPTIONS": {"ssl_mode": "DISABLED"},  # as ours: it would only encrypt what stays inside the kernel
}
# The documented way has Django's default: a connection per request and per task. The bare view keeps its own.
DATABASES = {"default": DOCUMENTED, "kept": {**DOCUMENTED, "CONN_MAX_AGE": 60}}

CELERY_BROKER_URL = redis(4)
CELERY_RESULT_BACKEND = "django-db"
