"""The stack that faults are done to: two of each, so that one can go."""

from collections.abc import Iterator

import pytest

from support.needs import need
from support.stack import Stack, docker_missing


@pytest.fixture(scope="session")
def victims(stack: Stack) -> Stack:
    """The shared stack with two web containers and two workers."""
    need(docker_missing())
    stack.up("--scale", "web=2", "--scale", "celery=2", "--no-recreate")
    return stack


@pytest.fixture
def faulty(victims: Stack) -> Iterator[Stack]:
    """The same, well again before and after each fault."""
    if any(len(victims.containers(service)) != 2 for service in ("web", "celery")):
        victims.up("--scale", "web=2", "--scale", "celery=2", "--no-recreate")
    victims.wait_healthy("mysql", "redis", "web", "celery", "haproxy")
    yield victims


@pytest.fixture(scope="module")
def attacked() -> Iterator[Stack]:
    """A stack for strangers alone: what they leave behind meets no other test."""
    need(docker_missing())
    with Stack("abacus-attacked") as running:
        yield running


@pytest.fixture
def lone(attacked: Stack) -> Stack:
    """One web container that all clients share, without a bound on what one address may transfer at once."""
    attacked.up()
    attacked.wait_healthy("mysql", "redis", "web", "celery", "haproxy")
    return attacked
