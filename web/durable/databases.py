"""Where the data is: MySQL at MYSQL_HOST, Redis at REDIS_HOST; with neither, SQLite and a Redis of this machine."""

import hashlib
from pathlib import Path
from typing import Any
from urllib.parse import quote

from durable.env import env_int, env_secret, env_str
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
    return Path("/tmp") / f"abacus-{hashlib.sha256(str(DATA_DIR).encode()).hexdigest()[:16]}.sock"  # noqa: S108


def redis_url(database: int, scheme: str, socket_scheme: str) -> str:
    """The address of one of Redis's databases."""
    if not REDIS_HOST:
        name = "virtual_host" if "+" in socket_scheme else "db"
        return f"{socket_scheme}://{redis_socket()}?{name}={database}"
    port = env_int("REDIS_PORT", 6379, 1, 65535)
    password = quote(env_secret("REDIS_PASSWORD"), safe="")
    return f"{scheme}://{f':{password}@' if password else ''}{REDIS_HOST}:{port}/{database}"


DATABASES = {"default": mysql() if MYSQL_HOST else sqlite()}
REDIS_SOCKET = redis_socket()
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": redis_url(1, "redis", "unix"),
        "OPTIONS": {"socket_timeout": 1, "socket_connect_timeout": 1} if REDIS_HOST else {"socket_timeout": 1},
    }
}
