"""What all tests share: the running stacks, each started once."""

import os
from collections.abc import Iterator

import pytest

from support.embedded import Embedded
from support.stack import Stack, docker_missing

pytest_plugins = ["support.browser"]


def need(missing: str) -> None:
    """Skip at a desk where something is missing, with the reason; fail where CI is set."""
    if missing and os.environ.get("CI"):
        pytest.fail(missing)
    if missing:
        pytest.skip(missing)


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


@pytest.fixture(scope="session", params=["embedded", "stack"])
def site(request: pytest.FixtureRequest) -> str:
    """The address of each running stack in turn."""
    url: str = request.getfixturevalue(request.param).url
    return url
