"""Functions that the tests have called in the background."""

import time
from pathlib import Path
from typing import Any

from durable import Again, Failed
from durable.jobs.contract import TaskContext
from support.contract import task


@task
def double(value: Any, times: int = 1) -> Any:
    """A value, twice as often for each time."""
    for _ in range(times):
        value = value * 2
    return value


@task()
async def later(value: int) -> int:
    """A coroutine."""
    return value + 1


@task(takes_context=True)
def attempt(context: TaskContext, until: int = 1) -> dict[str, Any]:
    """Fails before this attempt, then tells what it knows of itself."""
    if context.attempt < until:
        raise ConnectionError(f"attempt {context.attempt} of job {context.task_result.id} fails")
    result = context.task_result
    return {"id": result.id, "attempt": context.attempt, "errors": len(result.errors), "status": result.status}


@task
def shelf(number: int) -> str:
    """No bug: there is nothing to be had."""
    raise Failed("There is nothing on shelf {number}.", number=number)


@task
def busy() -> None:
    """Another try may help."""
    raise Again("The desk is busy.", after=0)


@task
def broken(what: Any) -> Any:
    """Gives what JSON cannot say."""
    return {"set": {1}, "nan": float("nan"), "object": object()}[what]


class OutOfStockError(Exception):
    """An exception of this module."""


@task
def order(article: str) -> None:
    """A bug, with an exception of its own."""
    raise OutOfStockError(f"no {article} left: {{}}")


@task
def write(folder: str, name: str, seconds: float = 0) -> str:
    """One line in a file for each time that it runs; in the middle of it a worker may be killed."""
    path = Path(folder) / name
    with path.open("a") as file:
        file.write("began\n")
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(0.02)
    with path.open("a") as file:
        file.write("ended\n")
    return name


def plain() -> None:
    """No task: nobody may call it."""


@task
def _renamed() -> None:
    """A task under another name than its function."""


renamed = _renamed
