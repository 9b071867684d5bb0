"""Images made of the stack's own with one more line, and services that run them for a while."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from support.stack import Stack


def derived(tag: str, *lines: str) -> str:
    """Build it; its tag."""
    dockerfile = "\n".join(["FROM abacus", "USER root", *lines, "USER 10001:10001", ""])
    command = ["docker", "build", "-q", "-t", tag, "-"]
    result = subprocess.run(command, input=dockerfile, text=True, capture_output=True)
    assert result.returncode == 0, result.stderr
    return tag


@contextmanager
def workers(stack: Stack, count: int, **env: str) -> Iterator[list[str]]:
    """The workers with other settings or another image (APP_IMAGE); their containers. The old ones come back."""
    scale = ("--no-deps", "--scale", f"celery={count}", "celery")
    stack.compose("up", "-d", *scale, env=env)
    stack.wait_healthy("celery")
    try:
        yield stack.containers("celery")
    finally:
        stack.compose("up", "-d", "--no-deps", "--scale", "celery=2", "celery")
        stack.wait_healthy("celery")
