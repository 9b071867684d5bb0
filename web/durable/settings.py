"""All settings of a project, from environment variables alone; .env.example is their manual.

A project's own settings begin with all of these, and add what it chooses itself:

    from durable.settings import *

    INSTALLED_APPS = ["readings", *INSTALLED_APPS]
"""

from typing import Any
from zoneinfo import available_timezones

from django.core.exceptions import ImproperlyConfigured

from durable import logs
from durable.celery.settings import *  # noqa: F403
from durable.databases import CACHES, DATABASES, EMBEDDED, MYSQL_HOST, REDIS_HOST, REDIS_SOCKET  # noqa: F401
from durable.env import env_bool, env_int, env_list, env_networks, env_number, env_secret, env_str
from durable.project import BASE_DIR, DATA_DIR, DRAIN_FILE, RUN_DIR, machine_names, secret_key  # noqa: F401

# --- The site -----------------------------------------------------------------------------------
SITE_NAME = "Tasks"
SECRET_KEY = secret_key(make=EMBEDDED)
SECRET_KEY_FALLBACKS = env_secret("DJANGO_SECRET_KEY_FALLBACKS").replace(",", " ").split()
DEBUG = False
# ./run.sh dev sets it: templates and static files are read anew for each request.
DEV = env_bool("DJANGO_DEV")
# The names that the site answers to. durable.http.hosts looks at them, since Django's own list knows no addresses.
HOSTS = [".localhost", *machine_names(), *env_list("DJANGO_ALLOWED_HOSTS")]
ALLOWED_HOSTS = ["*"]
CSRF_TRUSTED_ORIGINS = env_list("DJANGO_CSRF_TRUSTED_ORIGINS")
ROOT_URLCONF = "durable.http.urls"
WSGI_APPLICATION = "durable.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
INSTALLED_APPS = [
    "durable",
    "django_celery_results",
    "ninja",  # its page of the API, without a CDN
    "durable.http.site.AdminConfig",  # Django's admin, with our names and colours
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
]
MIDDLEWARE = [
    "durable.http.middleware.request_id",
    "durable.http.health.probes",
    "durable.http.transfers.transfers",
    "durable.http.hosts.known_host",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "durable.http.policies.policies",
    "django.middleware.http.ConditionalGetMiddleware",
    "django.middleware.common.CommonMiddleware",
    "durable.http.middleware.api_errors",
    "durable.http.language.page_language",
    "durable.http.sizes.size_limit",
    "durable.http.broken_off.broken_off",
    "durable.http.middleware.database_away",
    "durable.http.full.full",
    "durable.http.origin.same_origin",
    "durable.http.origin.form_type",
    # These ask for nothing until somebody looks at request.user; access does so where a session's cookie came.
    "durable.http.sessions.Sessions",
    "django.middleware.csrf.CsrfViewMiddleware",
    "durable.http.sessions.Users",
    "durable.http.access.access",
    "durable.http.sessions.Messages",
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

# How large bodies may be is in durable/http/sizes.py. Batches are read as a stream; Django's own limit of 2.5 MB is for
# what is held in memory, the forms of the admin and of a product's own pages.
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
# Who may do what without a name: look and act, look alone, or nothing before they have logged in (durable.http.access).
ACCESS = env_str("ACCESS", "open", ("open", "read", "login"))
LOGIN_URL, LOGIN_REDIRECT_URL = "login", "index"
AUTH_PASSWORD_VALIDATORS: list[dict[str, Any]] = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
# Set DJANGO_SECURE=1 where TLS ends in front of HAProxy. docker-compose-tls.yaml, where it ends in HAProxy, does so.
SECURE = env_bool("DJANGO_SECURE")
TRUSTED_PROXIES = env_networks("TRUSTED_PROXIES")
if SECURE and not (TRUSTED_PROXIES or env_str("TLS_CERTIFICATE_FILE")):
    raise ImproperlyConfigured(
        "DJANGO_SECURE is 1, but nothing here may say that a request came by HTTPS, so every form would be refused: "
        "set TRUSTED_PROXIES to the address of the proxy that ends TLS, or use docker-compose-tls.yaml."
    )
SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE
CSRF_COOKIE_HTTPONLY = True
SECURE_HSTS_SECONDS = 31_536_000 if SECURE else 0
SECURE_SSL_REDIRECT = False  # the proxy that ends TLS redirects; health checks stay on HTTP
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if SECURE else None
# Browsers ignore it on plain HTTP, and complain.
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin" if SECURE else None
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = (
    "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
)
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
# New tasks are refused while more wait; 0 is no bound.
MAX_WAITING_TASKS = env_int("MAX_WAITING_TASKS", 1_000_000, 0, 1_000_000_000)
# What a container that is stopped gets before it is killed (Compose's stop_grace_period), for a check to compare.
STOP_GRACE_SECONDS = env_int("STOP_GRACE_SECONDS", 45, 1, 7200)
RETENTION_DAYS = env_int("RETENTION_DAYS", 30, 1, 36_500)

# --- Logging: one line, or one JSON object, per event on stderr -----------------------------------
LOG_FORMAT = env_str("LOG_FORMAT", "line", tuple(logs.FORMATTERS))
LOG_LEVEL = env_str("LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR"))
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"chosen": {"()": logs.FORMATTERS[LOG_FORMAT]}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "chosen"}},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    # 503s while the database is away are told once, by the middleware
    "loggers": {
        "django": {"handlers": [], "level": LOG_LEVEL, "propagate": True},
        # two lines a message would cost more than the message
        "celery.app.trace": {"level": "WARNING"},
        "celery.worker.strategy": {"level": "WARNING"},
        # refused requests are in uWSGI's log line
        "django.request": {"level": "ERROR"},
    },
}
