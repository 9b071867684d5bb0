"""All settings, from environment variables alone; .env.example is their manual."""

import hashlib
from pathlib import Path
from typing import Any
from urllib.parse import quote
from zoneinfo import available_timezones

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from config.broker import broker
from config.env import env_bool, env_int, env_list, env_number, env_secret, env_str

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = Path(env_str("DATA_DIR", str(BASE_DIR.parent / "data")))
RUN_DIR = Path(env_str("RUN_DIR", "/tmp/abacus"))  # noqa: S108 (a tmpfs in the image): heartbeat and drain files

MYSQL_HOST = env_str("MYSQL_HOST")
REDIS_HOST = env_str("REDIS_HOST")
EMBEDDED = not MYSQL_HOST and not REDIS_HOST


def secret_key() -> str:
    """DJANGO_SECRET_KEY; embedded, the supervisor makes one on the first start."""
    key = env_secret("DJANGO_SECRET_KEY")
    if not key and EMBEDDED and (DATA_DIR / "secret_key").exists():
        key = (DATA_DIR / "secret_key").read_text(encoding="utf-8").strip()
    if not key:
        raise ImproperlyConfigured(
            "DJANGO_SECRET_KEY is not set; start with ./run.sh or docker compose, which make one, "
            "or set DJANGO_SECRET_KEY or DJANGO_SECRET_KEY_FILE."
        )
    return key


def time_zone() -> str:
    """DJANGO_TIME_ZONE, or TZ, as the system has it."""
    name = env_str("DJANGO_TIME_ZONE", env_str("TZ", "UTC"))
    if name not in available_timezones():
        raise ImproperlyConfigured(f"DJANGO_TIME_ZONE (or TZ) is {name!r}; set it to a name such as Europe/Berlin.")
    return name


# --- Django -------------------------------------------------------------------------------------
SECRET_KEY = secret_key()
DEBUG = False
# HAProxy stands in front and only it is published, so any Host is fine unless one is named.
ALLOWED_HOSTS = env_list("DJANGO_ALLOWED_HOSTS", "*")
CSRF_TRUSTED_ORIGINS = env_list("DJANGO_CSRF_TRUSTED_ORIGINS")
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
INSTALLED_APPS = [
    "config",
    "arithmetic",
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
    "config.middleware.request_id",
    "config.health.probes",
    "config.middleware.whole_body",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.middleware.http.ConditionalGetMiddleware",
    "django.middleware.common.CommonMiddleware",
    "config.middleware.api_errors",
    "config.language.page_language",
    "config.middleware.size_limit",
    "config.middleware.database_away",
    # These two ask for nothing until somebody looks at request.user: only the admin does.
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "config.coalesce.coalesce",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
USE_TZ = True  # stored in UTC
TIME_ZONE = time_zone()
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("zh-hans", "简体中文")]
# one catalogue for all of this; ./run.sh manage makemessages -l zh_Hans, then compilemessages, and commit both files
LOCALE_PATHS = [BASE_DIR / "arithmetic" / "locale"]

# Forms are a few hundred bytes; HAProxy refuses what is above 10 MB before it gets here.
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 100

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STORAGES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    # a hash in each name, so that browsers may keep the files for ever
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

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

# --- Database -----------------------------------------------------------------------------------
# What the client library really tells apart: it takes "preferred" for plain, and its "verify_ca" checks the name too.
SSL_MODES = ("disabled", "required", "verify_identity")


def mysql() -> dict[str, Any]:
    """MySQL at MYSQL_HOST."""
    options: dict[str, Any] = {
        "charset": "utf8mb4",
        "isolation_level": "read committed",  # REPEATABLE READ loses updates in MySQL
        # NOW() must be UTC, whatever the server's zone: rows are compared by the server's clock.
        # Intersecting an index with the primary key reads all rows of a state where an ordered walk reads a page.
        "init_command": "SET sql_mode='STRICT_TRANS_TABLES', time_zone='+00:00', "
        "optimizer_switch='index_merge_intersection=off'",
        # A frozen MySQL must not hold a request: 503 within 5 s
        "connect_timeout": 2,
        "read_timeout": env_int("MYSQL_TIMEOUT", 2, 1, 600),
        "write_timeout": env_int("MYSQL_TIMEOUT", 2, 1, 600),
    }
    mode = env_str("MYSQL_SSL_MODE", "disabled", SSL_MODES)
    options["ssl_mode"] = mode.upper()
    # In the other modes a CA would have no effect, or switch TLS on.
    if (ca := env_str("MYSQL_SSL_CA_FILE")) and mode == "verify_identity":
        options["ssl"] = {"ca": ca}
    return {
        "ENGINE": "config.mysql",
        "HOST": MYSQL_HOST,
        "PORT": env_int("MYSQL_PORT", 3306, 1, 65535),
        "NAME": env_str("MYSQL_DATABASE", "abacus"),
        "USER": env_str("MYSQL_USER", "abacus"),
        "PASSWORD": env_secret("MYSQL_PASSWORD"),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": options,
    }


def sqlite() -> dict[str, Any]:
    """SQLite in DATA_DIR: writers queue up rather than fail, readers never wait."""
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": DATA_DIR / "abacus.sqlite3",
        "CONN_MAX_AGE": 60,
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL",
        },
    }


DATABASES = {"default": mysql() if MYSQL_HOST else sqlite()}

# --- Redis: the broker is database 0 (unless another is given), the cache database 1 -------------


def redis_socket() -> Path:
    """The embedded server's socket; a long DATA_DIR would not fit into a socket's address (108 bytes)."""
    path = DATA_DIR / "redis.sock"
    if len(str(path)) < 100:
        return path
    return Path("/tmp") / f"abacus-{hashlib.sha256(str(DATA_DIR).encode()).hexdigest()[:16]}.sock"  # noqa: S108


def redis_url(database: int, scheme: str, socket_scheme: str) -> str:
    """The address of one of Redis's databases."""
    if not REDIS_HOST:
        return (
            f"{socket_scheme}://{redis_socket()}?" + ("virtual_host" if "+" in socket_scheme else "db") + f"={database}"
        )
    port = env_int("REDIS_PORT", 6379, 1, 65535)
    password = quote(env_secret("REDIS_PASSWORD"), safe="")
    return f"{scheme}://{f':{password}@' if password else ''}{REDIS_HOST}:{port}/{database}"


REDIS_SOCKET = redis_socket()
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": redis_url(1, "redis", "unix"),
        "OPTIONS": {"socket_timeout": 1, "socket_connect_timeout": 1} if REDIS_HOST else {"socket_timeout": 1},
    }
}

# --- The work -----------------------------------------------------------------------------------
# Seconds that each task also sleeps, to show and test the states.
TASK_SECONDS = env_number("TASK_SECONDS", 0, 0, 20)
# Slow tasks go in small messages, so that one message stays under the time limit.
TASKS_PER_MESSAGE = env_int(
    "TASKS_PER_MESSAGE", 500 if not TASK_SECONDS else max(1, min(500, int(10 // TASK_SECONDS))), 1, 500
)
RETENTION_DAYS = env_int("RETENTION_DAYS", 30, 1, 36_500)

# --- Celery -------------------------------------------------------------------------------------


def rabbitmq_url() -> str:
    """The address of docker-compose-rabbitmq.yaml's RabbitMQ; empty without it."""
    host, password = env_str("RABBITMQ_HOST"), quote(env_secret("RABBITMQ_PASSWORD"), safe="")
    return f"amqp://abacus:{password}@{host}:5672//" if host else ""


CELERY_BROKER_URL = env_secret("CELERY_BROKER_URL") or rabbitmq_url() or redis_url(0, "redis", "redis+socket")
BROKER = broker(CELERY_BROKER_URL)
CELERY_BROKER_TRANSPORT_OPTIONS = BROKER.options
CELERY_BROKER_USE_SSL = BROKER.use_ssl
CELERY_BROKER_HEARTBEAT = 5  # AMQP alone: a frozen broker is noticed within 12 s; less gives false alarms
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_TASK_DEFAULT_QUEUE = "tasks"
CELERY_TASK_QUEUES = BROKER.queues()
CELERY_TASK_ACKS_LATE = True
# The sweep brings back what a dead worker held, one id per message. Were the message
# itself delivered again, a task that kills its worker would take its neighbours with it.
CELERY_TASK_REJECT_ON_WORKER_LOST = False
CELERY_TASK_TRACK_STARTED = False  # the row tells; a failing STARTED write would drop the message
CELERY_TASK_TIME_LIMIT = 30  # below the visibility timeout and the container's stop grace
CELERY_TASK_SOFT_TIME_LIMIT = 25
CELERY_TASK_PUBLISH_RETRY = BROKER.publish_retry
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0, "interval_step": 0, "interval_max": 0}
CELERY_WORKER_PREFETCH_MULTIPLIER = 1  # nothing parked in a worker that may die
CELERY_WORKER_ENABLE_PREFETCH_COUNT_REDUCTION = BROKER.prefetch_reduction
CELERY_WORKER_DETECT_QUORUM_QUEUES = True  # they know no prefetch count for the whole channel
CELERY_WORKER_MAX_TASKS_PER_CHILD = 20_000
CELERY_WORKER_MAX_MEMORY_PER_CHILD = 300_000  # KB
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False  # its reply queues would pile up in Redis
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_CONSUMER = "config.consumer.Consumer"
# Celery's own record of a message, written where it failed: the row tells of success.
CELERY_RESULT_BACKEND = "config.results.DatabaseBackend"
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_STORE_ERRORS_EVEN_IF_IGNORED = True
CELERY_RESULT_EXTENDED = True
CELERY_RESULT_EXPIRES = None  # `purge` does it, in batches; Celery's clean-up would lock the table
CELERY_RESULT_BACKEND_ALWAYS_RETRY = True
CELERY_RESULT_BACKEND_MAX_RETRIES = 1  # for a connection that broke: the main process stores failures, too, and waits
CELERY_RESULT_BACKEND_MAX_SLEEP_BETWEEN_RETRIES_MS = 1000
DJANGO_CELERY_RESULTS_TASK_ID_MAX_LENGTH = 191  # fits an index on any MySQL row format
CELERY_BEAT_SCHEDULE = {
    # expires: a sweep that waited behind others is of no use any more
    "sweep": {"task": "arithmetic.sweep", "schedule": 2.0, "options": {"queue": "maintenance", "expires": 10}},
    "purge": {"task": "arithmetic.purge", "schedule": 3600.0, "options": {"queue": "maintenance", "expires": 600}},
}
CELERY_BEAT_SCHEDULER = "config.beat.Scheduler"

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
