"""./run.sh stack on a manager of our making: what it refuses, and how it names secrets."""

import hashlib
import os
import shutil
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from support.embedded import free_port
from support.stack import ROOT

# What is asked for is written down; secrets are files. It deploys nothing.
ENGINE = """#!/usr/bin/env bash
case "$*" in
  'info '*) echo "$MANAGER" ;;
  'node ls'*edge*) for name in $EDGES; do echo "$name"; done ;;
  'node ls'*) for name in $KEEPERS; do echo "$name"; done ;;
  'secret ls -q --filter name='*) name=${5##*=}; [ ! -e "secrets/$name" ] || echo "$name" ;;
  'secret ls -q --filter label='*) key=${5##*/}; ls -tr secrets | grep "_${key}_[0-9a-f]*$" || true ;;
  'secret inspect '*) for name in "${@:5}"; do echo "$name $name"; done ;;
  'secret create '*) cat >"secrets/${*: -2:1}" ;;
  'secret ls '*) ls secrets ;;
  'secret rm '*) rm "secrets/$3" ;;
  'stack deploy '*) cat >deployed; echo "deploys nothing"; exit 1 ;;
  'stack services --filter '*) echo 2/2 ;;
  'stack services '*) echo web ;;
  'stack ps '*) ;;
  'service ps '*) printf 'Running 1 minute ago\\nRunning 2 minutes ago\\n' ;;
  'ps '*) ;;
  'node inspect '*) echo 127.0.0.1 here ;;
  'service inspect '*SecretName*) echo "$USED" ;;
  'service inspect '*) exit 1 ;;
  *) echo "unexpected: docker $*" >&2; exit 1 ;;
esac
"""


class Manager:
    """A checkout on a manager."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("run.sh", "stack.sh", "stack-secrets.sh", "backup.sh", "docker-stack.yaml"):
            shutil.copy(ROOT / name, folder)
        (folder / "secrets").mkdir()
        docker = folder / "bin" / "docker"
        docker.parent.mkdir()
        docker.write_text(ENGINE)
        docker.chmod(0o755)
        self.env = {"MANAGER": "true", "EDGES": "b c", "KEEPERS": "a"}

    def stack(self, *verb: str, **env: str) -> "subprocess.CompletedProcess[str]":
        """./run.sh stack VERB with these settings."""
        every = {"PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}", **self.env, **env}
        command = [str(self.folder / "run.sh"), "stack", *verb]
        return subprocess.run(command, env=every, capture_output=True, text=True)

    def up(self, **env: str) -> str:
        """What ./run.sh stack up says until it would deploy."""
        result = self.stack("up", **env)
        assert result.returncode == 1, result.stderr
        return result.stderr

    def status(self, port: int) -> "subprocess.CompletedProcess[str]":
        """./run.sh stack status, with the one edge machine's site at that port."""
        return self.stack("status", EDGES="here", HTTP_PORT=str(port))

    def secret(self, key: str) -> dict[str, str]:
        """The secrets of a kind, by name."""
        paths = [
            path for path in (self.folder / "secrets").iterdir() if path.name.rpartition("_")[0] == f"abacus_{key}"
        ]
        return {path.name: path.read_text() for path in paths}


@pytest.fixture
def manager(tmp_path: Path) -> Manager:
    """One on which all is well, until it deploys."""
    return Manager(tmp_path)


@pytest.mark.parametrize(
    ("env", "said"),
    [
        ({"MANAGER": "false"}, "This is no manager of a swarm: docker swarm init"),
        ({"EDGES": ""}, "No machine has the label abacus.edge=true"),
        ({"KEEPERS": ""}, "0 machines have the label abacus.mysql=true, and one has to"),
        ({"KEEPERS": "a b"}, "2 machines have the label abacus.mysql=true, and one has to"),
        ({"HTTP_PORT": "127.0.0.1:80"}, "HTTP_PORT is '127.0.0.1:80', and Swarm publishes a port on all addresses"),
        ({"TLS_CERTIFICATE_FILE": "/tls.pem"}, "TLS_CERTIFICATE_FILE is for one machine"),
        (
            {"MYSQL_HOST": "db", "REDIS_HOST": "r"},
            "MYSQL_HOST is set to db, so the password of its user abacus is needed",
        ),
        ({"REDIS_PASSWORD": "x", "REDIS_PASSWORD_FILE": "/x"}, "REDIS_PASSWORD and REDIS_PASSWORD_FILE are both set"),
        ({"DJANGO_SECRET_KEY_FILE": "/nowhere"}, "DJANGO_SECRET_KEY_FILE names /nowhere, which cannot be read here"),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value),
)
def test_what_is_missing_is_told_with_what_to_do(manager: Manager, env: dict[str, str], said: str) -> None:
    assert said in manager.up(**env)
    assert not (manager.folder / "deployed").exists()


def test_a_backup_is_made_where_the_database_is_and_else_says_where(manager: Manager) -> None:
    elsewhere = manager.stack("backup", "b.tar", MYSQL_HOST="db.example")
    assert "MYSQL_HOST is set to db.example: ./run.sh backup does it" in elsewhere.stderr
    other = manager.stack("backup", "b.tar", MANAGER="false")
    assert "MySQL does not run on this machine: do it on the one that has the label abacus.mysql=true." in other.stderr
    assert (elsewhere.returncode, other.returncode) == (1, 1)


@pytest.mark.parametrize("arguments", [["backup"], ["backup", "a", "b"], ["up", "redis"], ["status", "x"], ["upp"], []])
def test_what_it_does_not_know_gets_its_usage(manager: Manager, arguments: list[str]) -> None:
    said = manager.stack(*arguments)
    assert (said.returncode, "./run.sh stack restore FILE" in said.stdout) == (2, True), said


def test_a_secret_is_made_once_and_named_by_its_content(manager: Manager) -> None:
    manager.up()
    ((name, value),) = manager.secret("mysql_password").items()
    assert name == f"abacus_mysql_password_{hashlib.sha256(value.encode()).hexdigest()[:12]}"
    assert len(value) == 64
    manager.up()
    # Nothing uses it, but a volume may know it.
    assert manager.secret("mysql_password") == {name: value}


def test_a_secret_goes_once_another_is_used_in_its_place(manager: Manager) -> None:
    manager.up(DJANGO_SECRET_KEY="first", MYSQL_PASSWORD="mine")
    new = f"abacus_django_secret_key_{hashlib.sha256(b'second').hexdigest()[:12]}"
    said = manager.up(DJANGO_SECRET_KEY="second", USED=new)
    assert set(manager.secret("django_secret_key")) == {new}
    assert said.count("which nothing uses any more") == 1
    assert list(manager.secret("mysql_password").values()) == ["mine"]


def test_another_value_is_another_secret(manager: Manager, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("first")
    manager.up(DJANGO_SECRET_KEY_FILE=str(tmp_path / "key"))
    assert f"made the secret abacus_django_secret_key_{hashlib.sha256(b'second').hexdigest()[:12]}" in manager.up(
        DJANGO_SECRET_KEY="second"
    )


def test_settings_come_from_env_as_compose_reads_it_and_the_shell_comes_first(manager: Manager) -> None:
    lines = [
        "# a comment",
        'MYSQL_HOST="db.example"',
        "MYSQL_PASSWORD=from-env # said",
        "REDIS_HOST='r'",
        "NONSENSE",
        "",
    ]
    (manager.folder / ".env").write_text("\r\n".join(lines))
    assert "abacus_mysql_password_" + hashlib.sha256(b"from-env").hexdigest()[:12] in manager.up()
    assert "abacus_mysql_password_" + hashlib.sha256(b"shell").hexdigest()[:12] in manager.up(MYSQL_PASSWORD="shell")


def test_only_the_services_whose_turn_it_is_are_deployed(manager: Manager) -> None:
    manager.up()
    deployed = (manager.folder / "deployed").read_text()
    assert "\n  mysql:\n" in deployed
    assert "\n  web:\n" not in deployed
    assert "\nsecrets:\n" in deployed


@pytest.mark.parametrize(("code", "well"), [(200, True), (503, False)])
def test_the_status_is_that_of_each_edge_machines_site(manager: Manager, code: int, well: bool) -> None:
    class Site(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(code if self.path == "/health" else 404)
            self.end_headers()

    with HTTPServer(("127.0.0.1", 0), Site) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        result = manager.status(server.server_port)
        server.shutdown()
    assert (result.returncode == 0) == well, result.stderr
    assert f"http://127.0.0.1:{server.server_port}" in result.stderr
    assert (f"{server.server_port} (here): well" in result.stderr) == well


def test_a_site_that_does_not_answer_is_not_well(manager: Manager) -> None:
    result = manager.status(free_port())
    assert result.returncode == 1
    assert "(here) does not answer 200 from here" in result.stderr
