import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from celery.app.defaults import SETTING_KEYS
from celery.fixups.django import DjangoWorkerFixup  # type: ignore[attr-defined]
from commands import manage, python
from django.conf import settings
from django.core.checks import Error
from kombu import Connection
from pytest_django import Settings

from durable.celery.app import app
from durable.checks import message_fits_time_limit, secret_key_is_long
from durable.embedded.supervisor import GRACE_SECONDS
from durable.workers import GONE_AFTER
from support.stack import ROOT

# Settings of Celery's namespace that its own table does not know, each with the reason why it is here all the same.
EXCEPTIONS: dict[str, str] = {}
TLS = {"DJANGO_SECURE": "1", "TRUSTED_PROXIES": "10.0.0.0/8"}
REMOTE = {"MYSQL_HOST": "db.example", "MYSQL_PASSWORD": "mysql-pass", "REDIS_HOST": "redis.example"}


def load(data: Path, *names: str, **env: str) -> dict[str, Any]:
    """The named settings, as a fresh process reads them (mysqlclient need not be installed)."""
    script = f"import json, config.settings as s; print(json.dumps({{n: getattr(s, n) for n in {names}}}, default=str))"
    result = python("-c", script, data=data, **env)
    assert result.returncode == 0, result.stderr
    values: dict[str, Any] = json.loads(result.stdout)
    return values


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


def test_hosts_are_all_it_takes_to_go_remote(tmp_path: Path) -> None:
    found = load(tmp_path, "DATABASES", "CELERY_BROKER_URL", "CACHES", "EMBEDDED", **REMOTE)
    database = found["DATABASES"]["default"]
    assert found["EMBEDDED"] is False
    assert (database["ENGINE"], database["HOST"]) == ("durable.mysql", "db.example")
    assert (database["PORT"], database["NAME"], database["USER"]) == (3306, "abacus", "abacus")
    assert database["PASSWORD"] == "mysql-pass"
    assert found["CELERY_BROKER_URL"] == "redis://redis.example:6379/0"
    assert found["CACHES"]["default"]["LOCATION"] == "redis://redis.example:6379/1"


def test_a_frozen_mysql_holds_no_request_for_longer_than_five_seconds(tmp_path: Path) -> None:
    options = load(tmp_path, "DATABASES", **REMOTE)["DATABASES"]["default"]["OPTIONS"]
    assert options["connect_timeout"] + max(options["read_timeout"], options["write_timeout"]) <= 5
    assert options["isolation_level"] == "read committed"


@pytest.mark.parametrize("password", ["s3cret", "p@ss/w:rd#?%41 &"])
def test_the_password_of_redis_may_hold_any_character(tmp_path: Path, password: str) -> None:
    found = load(tmp_path, "CELERY_BROKER_URL", REDIS_PASSWORD=password, **REMOTE)
    assert found["CELERY_BROKER_URL"] == f"redis://:{quote(password, safe='')}@redis.example:6379/0"


def test_a_user_and_tls_reach_the_broker_and_the_cache(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("a CA")
    tls = {"REDIS_SSL_MODE": "verify_identity", "REDIS_SSL_CA_FILE": str(tmp_path / "ca.pem")}
    login = {"REDIS_USERNAME": "sh@p", "REDIS_PASSWORD": "p:w"}
    names = ("CELERY_BROKER_URL", "CELERY_BROKER_USE_SSL", "CACHES")
    found = load(tmp_path, *names, **REMOTE, **tls, **login)
    assert found["CELERY_BROKER_URL"] == "rediss://sh%40p:p%3Aw@redis.example:6379/0"
    cache = found["CACHES"]["default"]
    assert cache["LOCATION"] == "rediss://sh%40p:p%3Aw@redis.example:6379/1"
    checked = {"ssl_cert_reqs": "required", "ssl_check_hostname": True, "ssl_ca_certs": str(tmp_path / "ca.pem")}
    assert found["CELERY_BROKER_USE_SSL"] == checked
    assert checked.items() <= cache["OPTIONS"].items()


def test_required_is_tls_with_whoever_answers(tmp_path: Path) -> None:
    found = load(tmp_path, "CELERY_BROKER_URL", "CELERY_BROKER_USE_SSL", REDIS_SSL_MODE="required", **REMOTE)
    assert found["CELERY_BROKER_URL"].startswith("rediss://")
    assert found["CELERY_BROKER_USE_SSL"] == {"ssl_cert_reqs": "none", "ssl_check_hostname": False}


def test_a_ca_that_would_not_count_is_refused(tmp_path: Path) -> None:
    env = django({"REDIS_SSL_CA_FILE": __file__, "REDIS_SSL_MODE": "required", **REMOTE})
    result = python("-c", "from django.conf import settings; settings.DEBUG", data=tmp_path, **env)
    assert "set it to verify_identity" in result.stderr


def test_another_broker_is_taken_as_given(tmp_path: Path) -> None:
    url = "amqp://guest:guest@rabbit.example//"
    found = load(tmp_path, "CELERY_BROKER_URL", "CACHES", CELERY_BROKER_URL=url, RABBITMQ_HOST="rabbitmq", **REMOTE)
    assert found["CELERY_BROKER_URL"] == url
    assert found["CACHES"]["default"]["LOCATION"] == "redis://redis.example:6379/1"


def test_its_address_may_stand_in_a_file_since_it_holds_a_password(tmp_path: Path) -> None:
    (tmp_path / "url").write_text("amqps://shop:s3cret@rabbit.example/shop\n")
    found = load(tmp_path, "CELERY_BROKER_URL", CELERY_BROKER_URL_FILE=str(tmp_path / "url"), **REMOTE)
    assert found["CELERY_BROKER_URL"] == "amqps://shop:s3cret@rabbit.example/shop"


@pytest.mark.parametrize("password", ["s3cret", "p@ss/w:rd#?%41 &"])
def test_rabbitmqs_host_and_password_make_its_address(tmp_path: Path, password: str) -> None:
    (tmp_path / "password").write_text(password)
    env = {"RABBITMQ_HOST": "rabbitmq", "RABBITMQ_PASSWORD_FILE": str(tmp_path / "password"), **REMOTE}
    url = load(tmp_path, "CELERY_BROKER_URL", **env)["CELERY_BROKER_URL"]
    assert url == f"amqp://abacus:{quote(password, safe='')}@rabbitmq:5672//"
    assert Connection(url).password == password


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


def django(env: dict[str, str]) -> dict[str, str]:
    """The same, with Django told where its settings are."""
    return {"DJANGO_SETTINGS_MODULE": "config.settings", **env}


def test_a_missing_key_says_how_to_get_one(tmp_path: Path) -> None:
    result = python("-c", "import config.settings", data=tmp_path, DJANGO_SECRET_KEY="", **REMOTE)
    assert result.returncode == 1
    assert "DJANGO_SECRET_KEY is not set; start with docker compose" in result.stderr
    assert not (tmp_path / "secret_key").exists()


def test_without_hosts_the_first_command_makes_the_key_and_all_that_come_take_it(tmp_path: Path) -> None:
    data = tmp_path / "new"
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: load(data, "SECRET_KEY", DJANGO_SECRET_KEY="")["SECRET_KEY"], range(4)))
    assert len(found[0]) >= 50
    assert set(found) == {(data / "secret_key").read_text()}
    assert (data / "secret_key").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in data.iterdir()] == ["secret_key"]


def test_a_folder_that_cannot_hold_the_key_gets_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    result = python("-c", "import config.settings", data=tmp_path / "data", DJANGO_SECRET_KEY="")
    assert "DJANGO_SECRET_KEY is not set, and none can be kept: " in result.stderr


def test_the_key_that_the_first_start_made_is_used(tmp_path: Path) -> None:
    (tmp_path / "secret_key").write_text("made-on-the-first-start\n")
    assert load(tmp_path, "SECRET_KEY", DJANGO_SECRET_KEY="") == {"SECRET_KEY": "made-on-the-first-start"}


@pytest.mark.parametrize("given", ["older,oldest", "older, oldest", "older\noldest\n"])
def test_what_earlier_keys_signed_still_counts(tmp_path: Path, given: str) -> None:
    (tmp_path / "fallbacks").write_text(given)
    path = str(tmp_path / "fallbacks")
    found = load(tmp_path, "SECRET_KEY_FALLBACKS", DJANGO_SECRET_KEY_FALLBACKS_FILE=path)
    assert found == {"SECRET_KEY_FALLBACKS": ["older", "oldest"]}
    assert load(tmp_path, "SECRET_KEY_FALLBACKS") == {"SECRET_KEY_FALLBACKS": []}


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


def test_a_short_key_is_refused(settings: Settings) -> None:
    settings.SECRET_KEY = "k" * 31
    (problem,) = secret_key_is_long()
    assert (type(problem), problem.id) == (Error, "durable.E002")
    assert problem.hint is not None
    assert "DJANGO_SECRET_KEY" in problem.hint
    settings.SECRET_KEY = "k" * 32
    assert secret_key_is_long() == []


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
