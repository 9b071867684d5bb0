"""A stack with Prometheus, and what one asks it."""

import json
import subprocess
import time
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

import yaml

from support.embedded import free_port
from support.http import ask
from support.stack import CHECKOUT, ROOT, Stack

IMAGE = f"abacus-test-prometheus-{CHECKOUT}"
IMAGES = dict.fromkeys(("PROMETHEUS_IMAGE", "MYSQLD_EXPORTER_IMAGE", "REDIS_EXPORTER_IMAGE"), IMAGE)
FILES = ("docker-compose.yaml", "docker-compose-monitoring.yaml")
RULES = ROOT / "monitoring" / "rules.yml"
TESTS = Path(__file__).parent / "monitoring" / "rules_test.yml"


@cache
def build() -> None:
    """The image: Debian's packages at the public images' paths."""
    command = ["docker", "build", "-q", "-t", IMAGE, str(TESTS.parent)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def promtool(*arguments: str) -> str:
    """promtool in the folder of the rules, their tests beside them; what it says."""
    build()
    mounts = [f"{ROOT}/monitoring:/rules:ro", f"{TESTS}:/tests/rules_test.yml:ro", f"{RULES}:/tests/rules.yml:ro"]
    volumes = [part for mount in mounts for part in ("-v", mount)]
    command = ["docker", "run", "--rm", *volumes, "--entrypoint", "/bin/promtool", IMAGE, *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def rules() -> list[dict[str, Any]]:
    """All of them, in their order."""
    found: list[dict[str, Any]] = [
        rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]
    ]
    return found


class Watched(Stack):
    """A stack with docker-compose-monitoring.yaml."""

    def __init__(self, project: str, **env: str) -> None:
        self.prometheus_port = free_port()
        super().__init__(project, *FILES, PROMETHEUS_PORT=str(self.prometheus_port), **{**IMAGES, **env})

    def up(self, *arguments: str, **env: str) -> None:
        """With the image."""
        build()
        super().up(*arguments, **env)

    def api(self, path: str) -> Any:
        """An answer of Prometheus's API."""
        answer = ask("GET", f"http://127.0.0.1:{self.prometheus_port}/api/v1/{path}")
        assert answer.status == 200, answer
        return answer.json()["data"]

    def query(self, expression: str) -> list[dict[str, Any]]:
        """The samples of now."""
        found: list[dict[str, Any]] = self.api(f"query?query={quote(expression)}&time={time.time()}")["result"]
        return found

    def numbers(self, expression: str) -> list[float]:
        """Their values."""
        return [float(sample["value"][1]) for sample in self.query(expression)]

    def targets(self) -> dict[str, list[str]]:
        """The health of each job's targets."""
        found: dict[str, list[str]] = {}
        for target in self.api("targets?state=active")["activeTargets"]:
            found.setdefault(target["labels"]["job"], []).append(target["health"])
        return found

    def firing(self) -> set[str]:
        """The alerts that are told now."""
        return {each["labels"]["alertname"] for each in self.api("alerts")["alerts"] if each["state"] == "firing"}


def pretty(samples: object) -> str:
    """For a failure."""
    return json.dumps(samples, indent=1)[:3000]
