"""The engine: rows before messages, fenced claims, and a page and an API for every kind of task that is declared.

    from durable import Failed, Task

A kind is a model that extends Task; docs/make-it-yours.md shows one.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from durable.errors import Failed
    from durable.models import Task

__all__ = ["Failed", "Task"]


def __getattr__(name: str) -> Any:
    """Loaded when asked for: models cannot be imported before Django knows its apps."""
    if name == "Task":
        from durable.models import Task  # noqa: PLC0415

        return Task
    if name == "Failed":
        from durable.errors import Failed  # noqa: PLC0415

        return Failed
    raise AttributeError(f"module 'durable' has no attribute {name!r}")
