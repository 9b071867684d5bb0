"""Images made of the stack's own with one more line, and services that run them for a while."""

import base64
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from support.stack import IMAGE, Stack


def derived(name: str, *lines: str) -> str:
    """Build it; its tag."""
    tag = f"{IMAGE}-{name}"
    dockerfile = "\n".join([f"FROM {IMAGE}", "USER root", *lines, "USER 10001:10001", ""])
    command = ["docker", "build", "-q", "-t", tag, "-"]
    result = subprocess.run(command, input=dockerfile, text=True, capture_output=True)
    assert result.returncode == 0, result.stderr
    return tag


def appended(path: str, code: str) -> str:
    """A line of a Dockerfile: the code at the end of a file below web/."""
    text = base64.b64encode(f"\n{code}\n".encode()).decode()
    return f"RUN echo {text} | base64 -d >> /app/web/{path} && python -m compileall -q /app/web"


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


@contextmanager
def lone_worker(stack: Stack, **env: str) -> Iterator[str]:
    """One worker with another environment, which docker-compose.yaml need not know, instead of all; its container."""
    options = [part for name, value in env.items() for part in ("-e", f"{name}={value}")]
    stack.compose("stop", "celery")
    name = f"{stack.project}-lone"
    try:
        stack.compose("run", "-d", "--no-deps", "--name", name, *options, "celery")
        yield name
    finally:
        subprocess.run(["docker", "rm", "-f", name], capture_output=True)
        stack.compose("start", "celery")
        stack.wait_healthy("celery")
