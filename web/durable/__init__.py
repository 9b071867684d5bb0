"""The engine: rows before messages, fenced claims, and a page and an API for every kind of task that is declared.

    from durable import Again, Cancelled, Failed, Task

A kind is a model that extends Task; docs/make-it-yours.md shows one.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from durable.errors import Again, Cancelled, Failed
    from durable.models import Task

__version__ = "2.0.0"
__all__ = ["Again", "Cancelled", "Failed", "Task"]


def __getattr__(name: str) -> Any:
    """Loaded when asked for: models cannot be imported before Django knows its apps."""
    if name == "Task":
        from durable.models import Task  # noqa: PLC0415

        return Task
    if name in __all__:
        from durable import errors  # noqa: PLC0415

        return getattr(errors, name)
    raise AttributeError(f"module 'durable' has no attribute {name!r}")
