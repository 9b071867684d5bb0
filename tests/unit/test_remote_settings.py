"""Settings of databases and brokers elsewhere: hosts are all it takes, and TLS and passwords reach them whole."""

from pathlib import Path
from urllib.parse import quote

import pytest
from commands import REMOTE, django, load, python
from kombu import Connection


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
