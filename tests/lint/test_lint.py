"""What tools can tell about the files."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support.needs import need
from support.pins import DOCKERFILES, pin
from support.stack import ROOT, docker_missing

BIN = Path(sys.executable).parent
SCRIPTS = [
    "run.sh",
    "doctor.sh",
    "rollout.sh",
    "backup.sh",
    "stack.sh",
    "stack-secrets.sh",
    ".ci/run",
    "flask-rabbitmq/run.sh",
]


def clean(*command: str, cwd: Path = ROOT, env: dict[str, str] | None = None) -> None:
    """The command ends with 0; else its words are the failure."""
    kept = {name: value for name, value in os.environ.items() if name != "DJANGO_ALLOW_ASYNC_UNSAFE"}  # the tests' own
    result = subprocess.run(command, cwd=cwd, env={**kept, **(env or {})}, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr


def test_ruff_finds_nothing() -> None:
    clean(str(BIN / "ruff"), "check", ".")


def test_the_code_is_formatted() -> None:
    clean(str(BIN / "ruff"), "format", "--check", ".")


CONFTESTS = "tests/(unit|faults)/conftest.py"  # one name for several modules: each is checked by itself


@pytest.mark.parametrize(
    "files",
    [("web", "tests", "bench", "flask-rabbitmq"), ("tests/unit/conftest.py",), ("tests/faults/conftest.py",)],
    ids=lambda files: files[-1],
)
def test_types_hold(files: tuple[str, ...]) -> None:
    exclude = ["--exclude", CONFTESTS] if len(files) > 1 else []
    clean(str(BIN / "mypy"), *exclude, *files, env={"PYTHONPATH": "web:tests"})


def test_imports_go_one_way() -> None:
    clean(str(BIN / "lint-imports"), env={"PYTHONPATH": "web"})


def test_shell_scripts_are_sound() -> None:
    clean(str(BIN / "shellcheck"), *SCRIPTS)


def test_dockerfiles_are_sound() -> None:
    clean(str(BIN / "hadolint"), *map(str, DOCKERFILES), "tests/support/monitoring/Dockerfile")


@pytest.mark.parametrize("secure", ["0", "1"])
def test_djangos_deployment_checks_pass(secure: str) -> None:
    check = [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"]
    env = {"DJANGO_SETTINGS_MODULE": "config.settings", "DJANGO_SECURE": secure, "TRUSTED_PROXIES": "10.0.0.0/8"}
    clean(*check, cwd=ROOT / "web", env=env)


def test_no_migration_is_missing() -> None:
    check = [sys.executable, "manage.py", "makemigrations", "--check"]
    clean(*check, cwd=ROOT / "web", env={"DJANGO_SETTINGS_MODULE": "config.settings"})


@pytest.mark.parametrize(
    "files",
    [
        (),
        ("-f", "docker-compose-mysql.yaml"),
        ("-f", "docker-compose.yaml", "-f", "docker-compose-tls.yaml"),
        ("-f", "docker-compose.yaml", "-f", "docker-compose-monitoring.yaml"),
        ("-f", "flask-rabbitmq/docker-compose.yaml"),
    ],
    ids=["all", "mysql alone", "tls", "monitoring", "flask-rabbitmq"],
)
@pytest.mark.parametrize("env", [{}, {"MYSQL_HOST": "db.example", "MYSQL_PASSWORD": "x"}], ids=["local", "remote"])
def test_compose_accepts_each_documented_combination(files: tuple[str, ...], env: dict[str, str]) -> None:
    need(docker_missing())
    clean("docker", "compose", *files, "config", "--quiet", env={**env, "TLS_CERTIFICATE_FILE": "/tls.pem"})


@pytest.mark.parametrize("here", ["1", "0"], ids=["local", "remote"])
def test_swarm_accepts_the_stack_file(here: str) -> None:
    need(docker_missing())
    clean("docker", "stack", "config", "-c", "docker-stack.yaml", env={"mysql_replicas": here, "redis_replicas": here})


LIMITS = ("LIMIT_REQUESTS", "LIMIT_CONNECTIONS", "LIMIT_LOGINS", "LIMIT_BULK")


@pytest.mark.parametrize(
    "env",
    [
        {},
        {"TRUSTED_PROXIES": "10.0.0.0/8 fd00::/8"},
        {"TRUSTED_PROXIES": "10.0.0.1", "PROXY_PROTOCOL": "1", "LOG_FORMAT": "json", **dict.fromkeys(LIMITS, "0")},
    ],
    ids=["defaults", "proxies", "json, no limits"],
)
@pytest.mark.parametrize("place", ["haproxy", "flask-rabbitmq"])
def test_haproxy_accepts_its_configuration(place: str, env: dict[str, str]) -> None:
    need(docker_missing())
    folder = "/usr/local/etc/haproxy"
    mount = f"{ROOT}/{place}/haproxy.cfg:{folder}/haproxy.cfg:ro"
    given = [part for name, value in env.items() for part in ("-e", f"{name}={value}")]
    clean(
        "docker",
        "run",
        "--rm",
        *given,
        "-v",
        mount,
        pin("HAPROXY_IMAGE"),
        "haproxy",
        "-c",
        "-f",
        f"{folder}/haproxy.cfg",
    )


def test_the_locks_name_no_index_and_pin_with_hashes() -> None:
    for lock in [*(ROOT / "requirements").glob("*.txt"), *(ROOT / "flask-rabbitmq").glob("*.txt")]:
        lines = [line for line in lock.read_text().splitlines() if line and not line.startswith((" ", "#"))]
        assert lines
        assert all("==" in line for line in lines), lock
        assert "://" not in lock.read_text()
        assert lock.read_text().count("--hash=sha256:") >= len(lines)


@pytest.mark.parametrize("name", ["run.sh", "web/Dockerfile", "flask-rabbitmq/run.sh", "flask-rabbitmq/Dockerfile"])
def test_nothing_is_installed_that_no_lock_pins(name: str) -> None:
    lines = (ROOT / name).read_text().replace("\\\n", " ").splitlines()
    installs = [line for line in lines if re.search(r"\bpip .*\binstall\b", line) and not line.lstrip().startswith("#")]
    assert installs
    for install in installs:
        assert re.search("--require-hashes|PIP_REQUIRE_HASHES=1", install), install
        assert re.search("--only-binary :all:|PIP_ONLY_BINARY=:all:", install), install
        # What is built all the same is built with what is there.
        assert ("--no-binary" in install) == ("--no-build-isolation" in install), install


def test_git_ignores_what_holds_secrets() -> None:
    if not shutil.which("git") or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout: clone the repository to run this test")
    clean("git", "check-ignore", ".env", "data/secret_key")
