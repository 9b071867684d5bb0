"""Settings: each is real, they fit one another, and a bad value stops the start with a sentence that names it."""

from pathlib import Path

import pytest
from celery.app.defaults import SETTING_KEYS
from celery.fixups.django import DjangoWorkerFixup  # type: ignore[attr-defined]
from commands import REMOTE, django, load, manage, python
from django.conf import settings
from django.core.checks import Error
from pytest_django import Settings

from durable.celery.app import app
from durable.checks import message_fits_time_limit
from durable.embedded.supervisor import GRACE_SECONDS
from durable.workers import GONE_AFTER
from support.stack import ROOT

# Settings of Celery's namespace that its own table does not know, each with the reason why it is here all the same.
EXCEPTIONS: dict[str, str] = {}
TLS = {"DJANGO_SECURE": "1", "TRUSTED_PROXIES": "10.0.0.0/8"}


def test_every_celery_setting_is_a_real_one() -> None:
    names = {name for name in dir(settings) if name.startswith("CELERY_")}
    assert {name for name in names if name.removeprefix("CELERY_").lower() not in SETTING_KEYS} == set(EXCEPTIONS)
    assert len(names) > 20


def test_a_worker_keeps_its_connection_to_the_database() -> None:
    assert DjangoWorkerFixup(app).db_reuse_max >= 1000


def test_each_time_limit_ends_before_the_next_one_begins() -> None:
    options = settings.CELERY_BROKER_TRANSPORT_OPTIONS
    longest_message = settings.TASKS_PER_MESSAGE * settings.TASK_SECONDS
    assert longest_message < settings.CELERY_TASK_SOFT_TIME_LIMIT < settings.CELERY_TASK_TIME_LIMIT
    assert options["visibility_timeout"] > settings.CELERY_TASK_TIME_LIMIT
    assert settings.CELERY_TASK_TIME_LIMIT < settings.STOP_SECONDS < GRACE_SECONDS
    # A restorer that was killed blocks the others for less than the messages wait.
    assert options["unacked_mutex_expire"] < options["visibility_timeout"]
    # A short network hiccup must not make a worker look dead before its connections have noticed.
    assert options["health_check_interval"] < GONE_AFTER.total_seconds()


def test_only_json_is_taken_from_the_broker_and_from_records() -> None:
    assert (app.conf.accept_content, app.conf.result_accept_content) == (["json"], ["json"])
    assert (app.conf.task_serializer, app.conf.result_serializer) == ("json", "json")


@pytest.mark.parametrize(
    ("seconds", "per_message"), [("", 500), ("0", 500), ("1", 10), ("3", 3), ("10", 1), ("20", 1), ("0.01", 500)]
)
def test_slow_tasks_go_in_small_messages(tmp_path: Path, seconds: str, per_message: int) -> None:
    assert load(tmp_path, "TASKS_PER_MESSAGE", TASK_SECONDS=seconds) == {"TASKS_PER_MESSAGE": per_message}


def test_without_hosts_it_runs_on_this_machine_alone(tmp_path: Path) -> None:
    found = load(tmp_path, "DATABASES", "CELERY_BROKER_URL", "EMBEDDED")
    assert found["EMBEDDED"] is True
    assert found["DATABASES"]["default"]["NAME"] == str(tmp_path / "abacus.sqlite3")
    assert found["CELERY_BROKER_URL"] == f"redis+socket://{tmp_path}/redis.sock?virtual_host=0"


def test_a_long_data_folder_still_fits_a_sockets_address(tmp_path: Path) -> None:
    long = tmp_path / ("d" * 120)
    socket = Path(load(long, "REDIS_SOCKET")["REDIS_SOCKET"])
    try:
        assert len(str(socket)) < 100
        assert socket.parent.stat().st_mode & 0o777 == 0o700
    finally:
        socket.parent.rmdir()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TASK_SECONDS", "x"),
        ("TASK_SECONDS", "21"),
        ("TASKS_PER_MESSAGE", "0"),
        ("TASKS_PER_MESSAGE", "1.5"),
        ("RETENTION_DAYS", "-1"),
        ("MAX_WAITING_TASKS", "-1"),
        ("STOP_SECONDS", "0"),
        ("STOP_SECONDS", "3601"),
        ("CELERY_CONCURRENCY", "0"),
        ("ACCESS", "closed"),
        ("DJANGO_DEV", "perhaps"),
        ("DJANGO_SECURE", "perhaps"),
        ("LOG_FORMAT", "xml"),
        ("LOG_LEVEL", "LOUD"),
        ("TRUSTED_PROXIES", "proxy.example"),
        ("TRUSTED_PROXIES", "10.0.0.0/8 192.168.0.0/16"),
        ("MYSQL_PORT", "70000"),
        ("MYSQL_TIMEOUT", "0"),
        ("MYSQL_SSL_MODE", "maybe"),
        ("REDIS_PORT", "tcp://10.0.0.1:6379"),
        ("REDIS_PASSWORD_FILE", "/nowhere"),
        ("REDIS_USERNAME", "without-a-password"),
        ("REDIS_SSL_MODE", "maybe"),
        ("REDIS_SSL_CA_FILE", "/nowhere"),
        ("RABBITMQ_PASSWORD_FILE", "/nowhere"),
        ("CELERY_BROKER_URL_FILE", "/nowhere"),
        ("MYSQL_PASSWORD_FILE", "/nowhere"),
        ("DJANGO_SECRET_KEY_FILE", "/nowhere"),
        ("DJANGO_SECRET_KEY_FALLBACKS_FILE", "/nowhere"),
        ("DJANGO_TIME_ZONE", "Mars/Phobos"),
    ],
)
def test_a_bad_value_stops_the_start_with_a_sentence_that_names_it(tmp_path: Path, name: str, value: str) -> None:
    remote = REMOTE if name.startswith(("MYSQL", "REDIS")) else {}
    env = {**remote, "MYSQL_PASSWORD": "", name: value}
    # What MySQL's driver would say when it is not installed must not come first.
    result = python("-c", "from django.conf import settings; settings.DEBUG", data=tmp_path, **django(env))
    assert result.returncode == 1
    last = result.stderr.strip().splitlines()[-1]
    assert name in last
    assert last.endswith(".")


@pytest.mark.parametrize("secure", ["", "1"])
def test_djangos_own_deployment_checks_pass(tmp_path: Path, secure: str) -> None:
    result = manage("check", "--deploy", "--fail-level", "WARNING", data=tmp_path, **(TLS if secure else {}))
    assert result.returncode == 0, result.stderr


def test_tls_in_front_makes_cookies_secure(tmp_path: Path) -> None:
    names = ("CSRF_COOKIE_SECURE", "SESSION_COOKIE_SECURE", "SECURE_HSTS_SECONDS", "SECURE_PROXY_SSL_HEADER")
    assert list(load(tmp_path, *names).values()) == [False, False, 0, None]
    assert all(load(tmp_path, *names, **TLS).values())


def test_secure_cookies_without_anybody_who_may_say_https_stop_the_start(tmp_path: Path) -> None:
    result = manage("check", data=tmp_path, DJANGO_SECURE="1")
    assert result.returncode == 1
    assert "set TRUSTED_PROXIES to the address of the proxy that ends TLS" in result.stderr
    assert manage("check", data=tmp_path, DJANGO_SECURE="1", TLS_CERTIFICATE_FILE="/tls.pem").returncode == 0


def test_trusted_proxies_are_addresses_and_networks(tmp_path: Path) -> None:
    given = "10.0.0.1, 192.168.0.1/16,fd00::/8"
    assert load(tmp_path, "TRUSTED_PROXIES", TRUSTED_PROXIES=given) == {
        "TRUSTED_PROXIES": given.replace(" ", "").split(",")
    }


def test_no_migration_is_missing(tmp_path: Path) -> None:
    result = manage("makemigrations", "--check", "--dry-run", data=tmp_path)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize(("seconds", "per_message"), [(5, 5), (1, 500), (20, 2)])
def test_a_message_that_takes_too_long_is_refused(settings: Settings, seconds: int, per_message: int) -> None:
    settings.TASK_SECONDS, settings.TASKS_PER_MESSAGE = seconds, per_message
    (problem,) = message_fits_time_limit()
    assert (type(problem), problem.id) == (Error, "durable.E001")
    assert problem.hint == f"Set TASKS_PER_MESSAGE to {max(1, 10 // seconds)} or less."
    assert f"{seconds * per_message} s" in problem.msg


@pytest.mark.parametrize(("seconds", "per_message"), [(0, 500), (20, 1), (4, 6)])
def test_a_message_that_fits_is_fine(settings: Settings, seconds: int, per_message: int) -> None:
    settings.TASK_SECONDS, settings.TASKS_PER_MESSAGE = seconds, per_message
    assert message_fits_time_limit() == []


def test_the_checks_are_registered(tmp_path: Path) -> None:
    result = manage("check", data=tmp_path, TASK_SECONDS="20", TASKS_PER_MESSAGE="500", DJANGO_SECRET_KEY="short")
    assert result.returncode == 1
    assert "durable.E001" in result.stderr
    assert "durable.E002" in result.stderr


def test_a_projects_data_lies_beside_its_manage_py_wherever_it_is_started(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "settings.py").write_text("from durable.settings import *\n")
    script = "from django.conf import settings as s; print(s.BASE_DIR, s.DATA_DIR, s.SITE_NAME, sep='|')"
    env = {"DJANGO_SETTINGS_MODULE": "shop.settings", "PYTHONPATH": str(tmp_path), "DATA_DIR": ""}
    result = python("-c", script, data=tmp_path, **env)
    assert result.stdout.strip() == f"{tmp_path}|{tmp_path / 'data'}|Tasks", result.stderr


def test_this_products_data_lies_beside_run_sh(tmp_path: Path) -> None:
    found = load(tmp_path, "BASE_DIR", "DATA_DIR", DATA_DIR="", DJANGO_SETTINGS_MODULE="config.settings")
    assert found == {"BASE_DIR": str(ROOT / "web"), "DATA_DIR": str(ROOT / "data")}


def test_for_development_nothing_is_kept_of_templates_and_styles(tmp_path: Path) -> None:
    names = ("TEMPLATES", "STORAGES", "WHITENOISE_MAX_AGE")
    kept, fresh = load(tmp_path, *names), load(tmp_path, *names, DJANGO_DEV="1")
    assert "cached" in str(kept["TEMPLATES"])
    assert "Manifest" in str(kept["STORAGES"])
    assert "cached" not in str(fresh["TEMPLATES"])
    assert "Manifest" not in str(fresh["STORAGES"])
    assert fresh["WHITENOISE_MAX_AGE"] == 0
