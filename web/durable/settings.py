"""All settings of a project, from environment variables alone; .env.example is their manual.

A project's own settings begin with all of these, and add what it chooses itself:

    from durable.settings import *

    INSTALLED_APPS = ["readings", *INSTALLED_APPS]
"""

from typing import Any
from zoneinfo import available_timezones

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from durable.celery.settings import *  # noqa: F403
from durable.databases import CACHES, DATABASES, EMBEDDED, MYSQL_HOST, REDIS_HOST, REDIS_SOCKET  # noqa: F401
from durable.env import env_bool, env_int, env_list, env_number, env_str
from durable.project import BASE_DIR, DATA_DIR, DRAIN_FILE, RUN_DIR, secret_key  # noqa: F401

# --- The site -----------------------------------------------------------------------------------
SITE_NAME = "Tasks"
SECRET_KEY = secret_key(make=EMBEDDED)
DEBUG = False
# ./run.sh dev sets it: templates and static files are read anew for each request.
DEV = env_bool("DJANGO_DEV")
# HAProxy stands in front and only it is published, so any Host is fine unless one is named.
ALLOWED_HOSTS = env_list("DJANGO_ALLOWED_HOSTS", "*")
CSRF_TRUSTED_ORIGINS = env_list("DJANGO_CSRF_TRUSTED_ORIGINS")
ROOT_URLCONF = "durable.http.urls"
WSGI_APPLICATION = "durable.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
INSTALLED_APPS = [
    "durable",
    "django_celery_results",
    "ninja",  # its page of the API, without a CDN
    "django.contrib.admin",
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
]
MIDDLEWARE = [
    "durable.http.middleware.request_id",
    "durable.http.health.probes",
    "durable.http.middleware.whole_body",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.middleware.http.ConditionalGetMiddleware",
    "django.middleware.common.CommonMiddleware",
    "durable.http.middleware.api_errors",
    "durable.http.language.page_language",
    "durable.http.middleware.size_limit",
    "durable.http.middleware.database_away",
    # These two ask for nothing until somebody looks at request.user: only the admin does.
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "durable.http.coalesce.coalesce",
]
LOADERS = ["django.template.loaders.filesystem.Loader", "django.template.loaders.app_directories.Loader"]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "loaders": LOADERS if DEV else [("django.template.loaders.cached.Loader", LOADERS)],
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]

# Forms are a few hundred bytes; HAProxy refuses what is above 10 MB before it gets here.
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 100

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
PLAIN = "django.contrib.staticfiles.storage.StaticFilesStorage"
HASHED = "whitenoise.storage.CompressedManifestStaticFilesStorage"  # so that browsers may keep the files for ever
STORAGES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": PLAIN if DEV else HASHED},
}
WHITENOISE_AUTOREFRESH = WHITENOISE_USE_FINDERS = DEV
WHITENOISE_MAX_AGE = 0 if DEV else 60


# --- Languages and times ------------------------------------------------------------------------
def time_zone() -> str:
    """DJANGO_TIME_ZONE, or TZ, as the system has it."""
    name = env_str("DJANGO_TIME_ZONE", env_str("TZ", "UTC"))
    if name not in available_timezones():
        raise ImproperlyConfigured(f"DJANGO_TIME_ZONE (or TZ) is {name!r}; set it to a name such as Europe/Berlin.")
    return name


USE_TZ = True  # stored in UTC
TIME_ZONE = time_zone()
LANGUAGE_CODE = "en"
# Each app has its own catalogue: ./run.sh manage makemessages -l zh_Hans, then compilemessages, and commit both files.
LANGUAGES = [("en", "English"), ("zh-hans", "简体中文")]

# --- Security -----------------------------------------------------------------------------------
# Set DJANGO_SECURE=1 where TLS ends in front of HAProxy.
SECURE = env_bool("DJANGO_SECURE")
SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE
CSRF_COOKIE_HTTPONLY = True
SECURE_HSTS_SECONDS = 31_536_000 if SECURE else 0
SECURE_SSL_REDIRECT = False  # the proxy that ends TLS redirects; health checks stay on HTTP
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if SECURE else None
# Browsers ignore it on plain HTTP, and complain.
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin" if SECURE else None
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "object-src": [NONE],
    }
}
# W004, W008, W010, W012, W016: TLS ends in front of HAProxy (DJANGO_SECURE). W021: HSTS preload is the owner's choice.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W008", "security.W021"] + (
    [] if SECURE else ["security.W004", "security.W010", "security.W012", "security.W016"]
)

# --- The work -----------------------------------------------------------------------------------
# Seconds that each task also sleeps, to show and test the states.
TASK_SECONDS = env_number("TASK_SECONDS", 0, 0, 20)
# Slow tasks go in small messages, so that one message stays under the time limit.
TASKS_PER_MESSAGE = env_int(
    "TASKS_PER_MESSAGE", 500 if not TASK_SECONDS else max(1, min(500, int(10 // TASK_SECONDS))), 1, 500
)
# What a worker that is asked to stop may finish; what is left is given back. Below the container's stop grace.
STOP_SECONDS = env_number("STOP_SECONDS", 35, 1, 3600)
RETENTION_DAYS = env_int("RETENTION_DAYS", 30, 1, 36_500)

# --- Logging: one line per event on stderr -------------------------------------------------------
LOG_LEVEL = env_str("LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR"))
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    # 503s while the database is away are told once, by the middleware
    "loggers": {
        "django": {"handlers": [], "level": LOG_LEVEL, "propagate": True},
        # two lines a message would cost more than the message
        "celery.app.trace": {"level": "WARNING"},
        "celery.worker.strategy": {"level": "WARNING"},
        "celery.beat": {"level": "WARNING"},
        # refused requests are in uWSGI's log line
        "django.request": {"level": "ERROR"},
    },
}
