"""What `django-admin startproject` writes for a project on MySQL. Each rival's settings begin with it."""

import os

SECRET_KEY = os.environ["DJANGO_SECRET_KEY"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
INSTALLED_APPS = [
    "bench.rivals.rows",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.mysql",
        "HOST": os.environ["MYSQL_HOST"],
        "NAME": os.environ["RIVAL_DATABASE"],
        "USER": os.environ["MYSQL_USER"],
        "PASSWORD": os.environ["MYSQL_PASSWORD"],
        "OPTIONS": {"ssl_mode": "DISABLED"},  # it would only encrypt what stays inside the kernel
    }
}
# The admin's, so that Django's own checks are content.
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
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
REDIS = f"redis://{os.environ['REDIS_HOST']}:6379/0"
RABBITMQ = os.environ["RABBITMQ_URL"]

# A line per task would be measured, too, and no two of them log the same.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    # A page for each try while RabbitMQ is away; what was refused meanwhile is counted.
    "loggers": {"pika": {"level": "CRITICAL"}},
}
