"""What all tests share: the running stacks, each started once."""

import os
import re
from collections.abc import Generator, Iterator
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from support.embedded import Embedded
from support.flask_stack import FlaskStack
from support.needs import need
from support.stack import Stack, docker_missing

pytest_plugins = ["support.browser"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """--long: the faults last as long as the promises say. --task-seconds: they strike tasks in their middle."""
    parser.addoption("--long", action="store_true", help="let each fault last 20 s, not 9")
    parser.addoption("--task-seconds", default="", help="for tests/faults/test_matrix.py: let each task take so long")


class Groups(LoadScopeScheduling):  # type: ignore[misc]
    """Side by side (-n 3): tests of the shared stack, tests that bring their own, which both mostly wait, the rest."""

    def _split_scope(self, nodeid: str) -> str:
        if re.search("rabbitmq|migrations|upgrade|remote_mysql", nodeid.partition("::")[0]) and needs_docker(nodeid):
            return "other stacks"
        return "docker" if needs_docker(nodeid) else "desk"


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Groups:
    """Its own loadgroup does not see the marks of pytest 9.2."""
    return Groups(config, log)


def needs_docker(nodeid: str) -> bool:
    """Whether the test is about a Compose stack."""
    return bool(re.search(r"^tests/(e2e|faults)/|\[(.*-)?stack(-.*)?\]", nodeid))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Beside the stacks, which are held to seconds, all else takes what CPU they leave."""
    if "PYTEST_XDIST_WORKER" in os.environ and not needs_docker(item.nodeid) and os.nice(0) == 0:
        os.nice(10)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failure is told with what the stack complained of meanwhile."""
    report = yield
    stacks = {id(value): value for value in getattr(item, "funcargs", {}).values() if isinstance(value, Stack)}
    if report.failed:
        report.sections += [(f"complaints of {s.project}", s.complaints(call.start - 5)) for s in stacks.values()]
    return report


@pytest.fixture(scope="session")
def fault_seconds(request: pytest.FixtureRequest) -> float:
    """How long a pause or a cut lasts: longer than a worker may be silent."""
    return 20.0 if request.config.getoption("--long") else 9.0


@pytest.fixture(scope="session")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedded]:
    """./run.sh, running."""
    with Embedded(tmp_path_factory.mktemp("embedded")) as running:
        yield running


@pytest.fixture(scope="session")
def stack(request: pytest.FixtureRequest) -> Iterator[Stack]:
    """docker compose up -d, running."""
    need(docker_missing())
    with Stack("abacus-test", TASK_SECONDS=request.config.getoption("--task-seconds")) as running:
        yield running


@pytest.fixture(scope="session")
def flask_stack() -> Iterator[FlaskStack]:
    """flask-rabbitmq/, running."""
    need(docker_missing())
    with FlaskStack() as running:
        yield running


@pytest.fixture(scope="session", params=["embedded", "stack"])
def site(request: pytest.FixtureRequest) -> str:
    """The address of each running stack in turn."""
    url: str = request.getfixturevalue(request.param).url
    return url
