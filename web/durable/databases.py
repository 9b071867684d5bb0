"""Where the data is: MySQL at MYSQL_HOST, Redis at REDIS_HOST; with neither, SQLite and a Redis of this machine."""

import hashlib
from pathlib import Path
from typing import Any
from urllib.parse import quote

from django.core.exceptions import ImproperlyConfigured

from durable.env import env_int, env_secret, env_str
from durable.folders import own_folder
from durable.project import DATA_DIR

MYSQL_HOST = env_str("MYSQL_HOST")
REDIS_HOST = env_str("REDIS_HOST")
EMBEDDED = not MYSQL_HOST and not REDIS_HOST
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
        "ENGINE": "durable.mysql",
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


def redis_socket() -> Path:
    """The embedded server's socket; a long DATA_DIR would not fit into a socket's address (108 bytes)."""
    path = DATA_DIR / "redis.sock"
    if len(str(path)) < 100:
        return path
    folder = Path("/tmp") / f"abacus-{hashlib.sha256(str(DATA_DIR).encode()).hexdigest()[:16]}"  # noqa: S108
    # Made here, by whoever comes first: in a folder of somebody else's, a Redis of somebody else's could answer.
    return own_folder(folder, "set DATA_DIR to a shorter path") / path.name


def redis_tls() -> dict[str, Any]:
    """What redis-py is told of TLS by REDIS_SSL_MODE; nothing where there is none."""
    mode, ca = env_str("REDIS_SSL_MODE", "disabled", SSL_MODES), env_str("REDIS_SSL_CA_FILE")
    if ca and mode != "verify_identity":
        raise ImproperlyConfigured(
            f"REDIS_SSL_CA_FILE is set, but REDIS_SSL_MODE is {mode!r}: set it to verify_identity, "
            "the one mode in which a CA counts."
        )
    if ca and not Path(ca).is_file():
        raise ImproperlyConfigured(f"REDIS_SSL_CA_FILE names {ca!r}, where there is no file.")
    # In so many words: kombu takes a `rediss` address without them for one whose certificate nobody checks.
    return {
        "disabled": {},
        "required": {"ssl_cert_reqs": "none", "ssl_check_hostname": False},
        "verify_identity": {"ssl_cert_reqs": "required", "ssl_check_hostname": True, "ssl_ca_certs": ca or None},
    }[mode]


def redis_login() -> str:
    """The user and the password as an address has them: `user:password@`, or nothing."""
    user, password = env_str("REDIS_USERNAME"), env_secret("REDIS_PASSWORD")
    if user and not password:
        raise ImproperlyConfigured("REDIS_USERNAME is set, so REDIS_PASSWORD_FILE (or REDIS_PASSWORD) is needed, too.")
    return f"{quote(user, safe='')}:{quote(password, safe='')}@" if password else ""


def redis_url(database: int, scheme: str, socket_scheme: str) -> str:
    """The address of one of Redis's databases."""
    if not REDIS_HOST:
        name = "virtual_host" if "+" in socket_scheme else "db"
        return f"{socket_scheme}://{REDIS_SOCKET}?{name}={database}"
    port = env_int("REDIS_PORT", 6379, 1, 65535)
    return f"{scheme}{'s' if REDIS_TLS else ''}://{redis_login()}{REDIS_HOST}:{port}/{database}"


REDIS_TLS = redis_tls() if REDIS_HOST else {}
REDIS_SOCKET = DATA_DIR / "redis.sock" if REDIS_HOST else redis_socket()
DATABASES = {"default": mysql() if MYSQL_HOST else sqlite()}
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": redis_url(1, "redis", "unix"),
        "OPTIONS": {
            "serializer": "durable.cache.JSONSerializer",
            "socket_timeout": 1,
            **({"socket_connect_timeout": 1} if REDIS_HOST else {}),
            **REDIS_TLS,
        },
    }
}
