"""What all tests share: the running stacks, each started once."""

import os
from collections.abc import Iterator

import pytest

from support.embedded import Embedded
from support.flask_stack import FlaskStack
from support.needs import need
from support.stack import Stack, docker_missing

pytest_plugins = ["support.browser"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """--long: the faults last as long as the promises say."""
    parser.addoption("--long", action="store_true", help="let each fault last 20 s, not 9")


@pytest.hookimpl(tryfirst=True)  # pytest-xdist reads the marks in the same hook
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Side by side (-n 2 --dist loadgroup), one process has the tests of the Compose stacks, the other one the rest."""
    for item in items:
        item.add_marker(pytest.mark.xdist_group("docker" if needs_docker(item) else "desk"))


def needs_docker(item: pytest.Item) -> bool:
    """Whether it is about a Compose stack."""
    parameters = (
        item.callspec.params.values() if isinstance(item, pytest.Function) and hasattr(item, "callspec") else ()
    )
    return bool({"e2e", "faults"} & set(item.path.parts)) or "stack" in parameters


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Beside the stacks, which are held to seconds, all else takes what CPU they leave."""
    group = item.get_closest_marker("xdist_group")
    if "PYTEST_XDIST_WORKER" in os.environ and group and group.args == ("desk",) and os.nice(0) == 0:
        os.nice(10)


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
def stack() -> Iterator[Stack]:
    """docker compose up -d, running."""
    need(docker_missing())
    with Stack("abacus-test") as running:
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
