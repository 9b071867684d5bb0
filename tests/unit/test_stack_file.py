"""docker-stack.yaml says in Swarm's words what docker-compose.yaml says."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from support.stack import ROOT


class Loader(yaml.SafeLoader):
    """Knows what Compose writes behind an exclamation mark."""


Loader.add_constructor("!reset", lambda loader, node: None)


def services(name: str) -> dict[str, Any]:
    """The services of a file."""
    found: dict[str, Any] = yaml.load((ROOT / name).read_text(encoding="utf-8"), Loader)["services"]
    return found


COMPOSE = {**services("docker-compose.yaml"), "mysql": services("docker-compose-mysql.yaml")["mysql"]}
STACK = services("docker-stack.yaml")
SAME = ("image", "command", "user", "init", "read_only", "cap_drop", "logging", "ulimits", "healthcheck")
UNITS = {"k": 2**10, "m": 2**20, "g": 2**30}


def test_it_has_the_services_of_one_machine_but_for_those_that_make_secrets_and_backups() -> None:
    assert set(STACK) == set(COMPOSE) - {"secrets", "mysql-client"}


@pytest.mark.parametrize("service", STACK)
def test_what_both_can_say_is_the_same(service: str) -> None:
    here, there = COMPOSE[service], STACK[service]
    names = [name for name in SAME if (service, name) != ("haproxy", "image")]  # Compose builds that one
    assert {name: there.get(name) for name in names} == {name: here.get(name) for name in names}
    assert there.get("stop_grace_period") == here.get("stop_grace_period")


@pytest.mark.parametrize("service", STACK)
def test_the_limits_are_the_same(service: str) -> None:
    limits = STACK[service]["deploy"]["resources"]["limits"]
    assert limits == {"memory": COMPOSE[service]["mem_limit"], "pids": COMPOSE[service]["pids_limit"]}


@pytest.mark.parametrize("service", STACK)
def test_what_may_be_written_in_memory_is_the_same(service: str) -> None:
    here = {path.partition(":")[0]: path.rpartition("size=")[2] for path in COMPOSE[service].get("tmpfs", [])}
    mounts = [mount for mount in STACK[service].get("volumes", []) if isinstance(mount, dict)]
    assert {mount["target"]: mount["tmpfs"]["size"] for mount in mounts} == {
        path: int(size[:-1]) * UNITS[size[-1]] for path, size in here.items()
    }


@pytest.mark.parametrize("service", STACK)
def test_each_setting_reaches_the_containers_as_on_one_machine(service: str) -> None:
    here, there = COMPOSE[service].get("environment", {}), dict(STACK[service].get("environment", {}))
    # The one is for Swarm's lack of dns_opt; the other is the name of one machine, which several have not.
    there.pop("RES_OPTIONS", None)
    assert set(there) == set(here) - {"MACHINE_NAME_FILE"}
    # What depends on another variable stack.sh decides, since `docker stack` knows no ${NAME:+...}.
    plain = {name for name, value in here.items() if ":+" not in value} - {"MACHINE_NAME_FILE"}
    expected = {name: here[name].replace("/run/web-secrets/", "/run/secrets/") for name in plain}
    assert {name: there[name] for name in plain} == expected


@pytest.mark.parametrize("service", STACK)
def test_whoever_is_told_of_a_secret_has_it(service: str) -> None:
    values = [value for value in STACK[service].get("environment", {}).values() if value.startswith("/run/secrets/")]
    assert {Path(value).name for value in values} <= set(STACK[service].get("secrets", []))


def test_each_secret_is_found_by_the_variable_that_names_it() -> None:
    secrets = yaml.load((ROOT / "docker-stack.yaml").read_text(encoding="utf-8"), Loader)["secrets"]
    assert secrets == {key: {"external": True, "name": f"${{secret_{key}}}"} for key in secrets}
    used = {secret for service in STACK.values() for secret in service.get("secrets", [])}
    assert used == set(secrets)
