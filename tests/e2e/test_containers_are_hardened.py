"""What a container may do is decided outside of it: read from the engine, and tried from the inside."""

import json
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from support.stack import Stack

SERVICES = ["redis", "mysql", "web", "celery", "haproxy"]
ONE_SHOTS = ["secrets", "migrate"]
APP_SERVICES = ["web", "celery"]
# Seconds: the longest task or request, the draining, and a margin.
GRACE = {"web": 35, "celery": 45, "redis": 30, "mysql": 60, "haproxy": 35}
SECRETS = ["django_secret_key", "mysql_password", "mysql_root_password", "redis_admin_password", "redis_password"]


def docker(*arguments: str) -> str:
    """What a docker command prints, on both channels."""
    result = subprocess.run(
        ["docker", *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True, timeout=60
    )
    return result.stdout


def inspect(container: str) -> dict[str, Any]:
    """The engine's description of a container."""
    description: dict[str, Any] = json.loads(docker("inspect", container))[0]
    return description


def succeeds(container: str, script: str) -> bool:
    """Whether a bash script ends well inside."""
    command = ["docker", "exec", container, "bash", "-c", script]
    return subprocess.run(command, capture_output=True, timeout=60).returncode == 0


@pytest.fixture(params=SERVICES)
def service(request: pytest.FixtureRequest) -> str:
    """Each service that keeps running."""
    name: str = request.param
    return name


@pytest.fixture
def container(stack: Stack, service: str) -> str:
    """A running container of the service."""
    return stack.containers(service)[0]


def every_container(stack: Stack) -> list[str]:
    """All of the project, those that have ended, too."""
    return stack.compose("ps", "--all", "--quiet").split()


@pytest.fixture
def secret_values(stack: Stack) -> Iterator[dict[str, str]]:
    """Each secret as the services see it."""
    folders = [stack.containers(name)[0] for name in ("web", "mysql", "redis")]
    values = {}
    for name in SECRETS:
        for each in folders:
            if succeeds(each, f"test -f /run/secrets/{name}"):
                values[name] = docker("exec", each, "cat", f"/run/secrets/{name}").strip()
    assert sorted(values) == sorted(SECRETS)
    assert all(len(value) >= 32 for value in values.values())
    yield values


def test_no_process_runs_as_root(container: str) -> None:
    users = {line.split()[0] for line in docker("top", container, "-eo", "uid,pid").splitlines()[1:]}
    assert users
    assert "0" not in users


def test_the_root_file_system_cannot_be_written(container: str) -> None:
    assert inspect(container)["HostConfig"]["ReadonlyRootfs"]
    assert not succeeds(container, "touch /etc/written || touch /usr/written || touch /app/written")


def test_all_capabilities_are_dropped(container: str) -> None:
    assert inspect(container)["HostConfig"]["CapDrop"] == ["ALL"]
    assert not inspect(container)["HostConfig"]["CapAdd"]
    status = docker("exec", container, "cat", "/proc/self/status").splitlines()
    effective = {line.split()[1] for line in status if line.startswith(("CapEff", "CapPrm", "CapBnd"))}
    assert effective == {"0" * 16}


def test_no_process_can_gain_privileges(container: str) -> None:
    assert "no-new-privileges:true" in inspect(container)["HostConfig"]["SecurityOpt"]


def test_memory_and_processes_are_limited(container: str) -> None:
    host = inspect(container)["HostConfig"]
    assert 0 < host["Memory"] <= 2**30
    assert 0 < host["PidsLimit"] <= 1000


def test_logs_are_rotated(container: str) -> None:
    assert inspect(container)["HostConfig"]["LogConfig"]["Config"] == {"max-size": "10m", "max-file": "3"}


def test_a_container_that_dies_is_started_again(container: str) -> None:
    assert inspect(container)["HostConfig"]["RestartPolicy"]["Name"] == "unless-stopped"


def test_it_tells_whether_it_is_healthy(container: str) -> None:
    assert inspect(container)["State"]["Health"]["Status"] == "healthy"


def test_the_grace_is_longer_than_the_longest_work(container: str, service: str) -> None:
    assert inspect(container)["Config"]["StopTimeout"] >= GRACE[service]


def test_only_haproxy_publishes_a_port(container: str, service: str) -> None:
    published = {port for port, bound in inspect(container)["NetworkSettings"]["Ports"].items() if bound}
    assert published == ({"8080/tcp"} if service == "haproxy" else set())


def test_no_container_sees_the_docker_socket(container: str) -> None:
    assert not [mount for mount in inspect(container)["Mounts"] if "docker.sock" in mount["Source"]]


@pytest.mark.parametrize("one_shot", ONE_SHOTS)
def test_a_one_shot_ends_well_without_root_or_capabilities(stack: Stack, one_shot: str) -> None:
    [container] = stack.compose("ps", "--all", "--quiet", one_shot).split()
    description = inspect(container)
    assert description["State"]["ExitCode"] == 0
    assert description["Config"]["User"] == "10001:10001"
    assert description["HostConfig"]["CapDrop"] == ["ALL"]


def test_haproxy_is_on_no_network_of_the_data(stack: Stack) -> None:
    [haproxy] = stack.containers("haproxy")
    names = {name.rpartition("_")[2] for name in inspect(haproxy)["NetworkSettings"]["Networks"]}
    assert names == {"edge"}


@pytest.mark.parametrize(("service_name", "port"), [("mysql", 3306), ("redis", 6379)])
def test_haproxy_cannot_reach_the_data(stack: Stack, service_name: str, port: int) -> None:
    haproxy, web, data = (stack.containers(name)[0] for name in ("haproxy", "web", service_name))
    addresses = [network["IPAddress"] for network in inspect(data)["NetworkSettings"]["Networks"].values()]
    for address in addresses:
        connect = f"timeout 3 bash -c '</dev/tcp/{address}/{port}'"
        assert succeeds(web, connect), "the check itself works"
        assert not succeeds(haproxy, connect)
    assert not succeeds(haproxy, f"getent hosts {service_name}")


APP_SECRETS = {"django_secret_key", "django_secret_key_fallbacks", "machine_name", "mysql_password", "redis_password"}


@pytest.mark.parametrize(
    ("service_name", "names"),
    [
        (
            "web",
            APP_SECRETS,
        ),
        (
            "celery",
            APP_SECRETS,
        ),
        ("mysql", {"mysql_password", "mysql_root_password"}),
        ("redis", {"redis_admin_password", "redis_password"}),
        ("haproxy", set()),
    ],
)
def test_a_service_sees_only_the_secrets_it_needs(stack: Stack, service_name: str, names: set[str]) -> None:
    container = stack.containers(service_name)[0]
    seen = docker("exec", container, "sh", "-c", "ls /run/secrets 2>/dev/null || true")
    assert set(seen.split()) == names


def test_only_what_makes_the_first_admin_sees_its_password(stack: Stack) -> None:
    seen = {name: succeeds(stack.containers(name)[0], "test -e /run/web-secrets") for name in APP_SERVICES}
    assert seen == {"web": True, "celery": False}
    told = docker("exec", stack.containers("celery")[0], "env")
    assert "MYSQL_PASSWORD_FILE" in told
    assert "SUPERUSER" not in told


def test_no_secret_can_be_read_from_the_engine(stack: Stack, secret_values: dict[str, str]) -> None:
    told = docker("inspect", *every_container(stack))
    assert not [name for name, value in secret_values.items() if value in told]


def test_no_secret_is_in_a_command_line(stack: Stack, secret_values: dict[str, str]) -> None:
    told = "".join(docker("top", each) for name in SERVICES for each in stack.containers(name))
    assert not [name for name, value in secret_values.items() if value in told]


def test_no_secret_is_in_a_log(stack: Stack, secret_values: dict[str, str]) -> None:
    told = "".join(docker("logs", each) for each in every_container(stack))
    assert not [name for name, value in secret_values.items() if value in told]


def test_no_secret_is_in_the_image(stack: Stack, secret_values: dict[str, str]) -> None:
    image = inspect(stack.containers("web")[0])["Image"]
    told = docker("history", "--no-trunc", image) + docker("image", "inspect", image)
    assert not [name for name, value in secret_values.items() if value in told]
    # the key that collectstatic needed at build time is in no environment and in no file
    assert "DJANGO_SECRET_KEY=" not in docker("image", "inspect", image)
    assert not succeeds(stack.containers("web")[0], "grep -rqI only-for-the-build /app")


def test_there_is_no_compiler_and_no_installer_in_the_image(stack: Stack) -> None:
    tools = "gcc cc c++ make ld"
    assert not succeeds(stack.containers("web")[0], f"for tool in {tools}; do command -v $tool && exit 0; done; exit 1")
    assert not succeeds(stack.containers("web")[0], "/opt/venv/bin/python -m pip --version")


def test_the_roles_share_one_image(stack: Stack) -> None:
    # by name: another stack of this run may have built it anew since a container was made
    assert len({inspect(each)["Config"]["Image"] for name in APP_SERVICES for each in stack.containers(name)}) == 1


def test_root_of_mysql_has_no_login_from_the_network(stack: Stack) -> None:
    login = 'MYSQL_PWD="$(cat /run/secrets/mysql_root_password)" mysql -u root -e "SELECT 1"'
    [mysql] = stack.containers("mysql")
    assert succeeds(mysql, login), "the check itself works"
    assert not succeeds(mysql, f'{login} -h "$HOSTNAME"')
