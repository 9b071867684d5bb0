"""The references of the bench are set up as the product is."""

import re

import pytest
import yaml

from durable.management.commands.web import LANES, variables
from support.stack import ROOT

OVERLAY = yaml.load((ROOT / "bench" / "docker-compose.yaml").read_text().replace("!", "#"), yaml.SafeLoader)["services"]
ROLES = "".join(path.read_text() for path in (ROOT / "web" / "durable").rglob("*.py"))


def default(name: str) -> str:
    """What a role takes where the variable is not set."""
    found = re.search(rf"env_int\(\"{name}\", (\d+)", ROLES)
    assert found, name
    return found[1]


@pytest.mark.parametrize("name", ["WEB_PROCESSES", "WEB_THREADS"])
def test_the_reference_has_as_many_web_processes_and_threads(name: str) -> None:
    assert OVERLAY["reference-web"]["environment"][name] == variables(LANES["fast"])[name]


def test_the_reference_has_as_many_worker_processes() -> None:
    assert OVERLAY["reference-celery"]["entrypoint"][-1] == default("CELERY_CONCURRENCY")
