"""A kind of task: what its model declares, compiled once. Everything else is derived from it."""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db import connection, models

from durable.backoff import DEFAULT, Backoff, pause
from durable.checkers import Checker, compiled, fitting

MAX_ATTEMPTS = 5
PLAIN = frozenset({str, int, float, type(None)})


class Kind:
    """One kind: its model's `Work`, and what follows from it."""

    def __init__(self, model: Any) -> None:
        work = model.Work
        self.model, self.work = model, work
        self.name: str = getattr(work, "name", model._meta.model_name)
        self.inputs: tuple[str, ...] = tuple(work.inputs)
        self.outputs: tuple[str, ...] = tuple(work.outputs)
        self.filters: tuple[str, ...] = tuple(getattr(work, "filters", ()))
        self.per_message: int | None = getattr(work, "per_message", None)
        self.max_attempts: int = getattr(work, "max_attempts", MAX_ATTEMPTS)
        self.backoff: Backoff = getattr(work, "backoff", DEFAULT)
        # seconds that one task may take; None: what the settings say of a message (durable.limits)
        self.time_limit: float | None = getattr(work, "time_limit", None)
        # whether form, API and files make its tasks; else its own code alone
        self.creatable: bool = getattr(work, "creatable", True)

    def __repr__(self) -> str:
        return f"<Kind {self.name}>"

    @property
    def table(self) -> str:
        """Its rows' table."""
        return str(self.model._meta.db_table)

    @property
    def label(self) -> Any:
        """What people call one of its tasks; `labels`: several."""
        return self.model._meta.verbose_name

    @property
    def labels(self) -> Any:
        """What people call its tasks."""
        return self.model._meta.verbose_name_plural

    @property
    def perform(self) -> Callable[[Any], Any]:
        """From a light row to the outputs: one value, or a tuple where there are several."""
        return self.model.perform  # type: ignore[no-any-return]

    def pause(self, attempts: int) -> float:
        """Seconds until the attempt that follows so many."""
        return pause(self.backoff, attempts)

    @property
    def first(self) -> bool:
        """Whether the site's front page and /api/tasks are this kind's."""
        return self is first()

    @property
    def page(self) -> str:
        """Where its pages begin, below the site's root."""
        return "" if self.first else f"{self.name}/"

    @property
    def api(self) -> str:
        """Where its API begins, below /api/."""
        return "tasks" if self.first else self.name

    @cached_property
    def fields(self) -> dict[str, "models.Field[Any, Any]"]:
        """The columns that the adopter declared for the work, by name."""
        return {name: self.model._meta.get_field(name) for name in (*self.inputs, *self.outputs)}

    @cached_property
    def listed(self) -> tuple[str, ...]:
        """The columns that lists show: as declared, else all but long texts."""
        wide = (models.TextField, models.JSONField)
        short = tuple(name for name, field in self.fields.items() if not isinstance(field, wide))
        return tuple(getattr(self.work, "listed", short))

    @cached_property
    def checkers(self) -> tuple[Checker, ...]:
        """How each input is read, in their order."""
        return tuple(compiled(self.model, self.fields[name]) for name in self.inputs)

    @cached_property
    def optional(self) -> dict[str, Any]:
        """The inputs that may be left out, and what they are then."""
        found: dict[str, Any] = {}
        for name in self.inputs:
            field = self.fields[name]
            if field.has_default():
                found[name] = field.get_default()
            elif field.null or field.blank:
                found[name] = None if field.null else ""
        return found

    def check(self, name: str, value: Any) -> Any:
        """An input as it is kept; Refused with a sentence where it cannot be taken."""
        return self.checkers[self.inputs.index(name)](value)

    def choices(self, name: str) -> list[tuple[Any, Any]]:
        """What a column may hold, with the words for it; empty where that is not limited."""
        return [(value, label) for value, label in self.fields[name].flatchoices if value not in ("", None)]

    def prepare(self, values: Sequence[Any], names: Sequence[str] = ()) -> tuple[Any, ...]:
        """Values of the inputs (or of these columns) as plain ones that the database's driver takes."""
        if not self.encoded and all_plain(values):
            return tuple(values)
        return tuple(
            value if type(value) in PLAIN and name not in self.encoded else plain(self.fields[name], value)
            for name, value in zip(names or self.inputs, values, strict=True)
        )

    @cached_property
    def encoded(self) -> frozenset[str]:
        """The columns in which even a plain text or number is spelled otherwise: those of JSON."""
        return frozenset(name for name, field in self.fields.items() if isinstance(field, models.JSONField))

    def returned(self, value: Any) -> tuple[Any, ...]:
        """What `perform` gave, as the plain values of the outputs; TypeError where it is something else."""
        values = value if len(self.outputs) != 1 else (value,)
        if not isinstance(values, tuple) or len(values) != len(self.outputs):
            raise TypeError(f"perform gave {value!r}; it has to give {' and '.join(self.outputs) or 'an empty tuple'}")
        for name, check, each in zip(self.outputs, self.output_checkers, values, strict=True):
            try:
                check(each)
            except ValueError as error:
                raise ValueError(f"perform gave {each!r} for {name}: {error}") from None
        return self.prepare(values, self.outputs)

    @cached_property
    def output_checkers(self) -> tuple[Checker, ...]:
        """What tells that an output fits its column, before the database would refuse its neighbours with it."""
        return tuple(fitting(self.fields[name]) for name in self.outputs)

    @cached_property
    def empty(self) -> dict[str, Any]:
        """The outputs before there are any: their defaults."""
        return {name: self.fields[name].get_default() for name in self.outputs}

    def index(self, *columns: str) -> str:
        """The name of the index over these columns, for MySQL to be told."""
        return next(str(index.name) for index in self.model._meta.indexes if tuple(index.fields) == columns)


def all_plain(values: Sequence[Any]) -> bool:
    """Whether the driver takes them as they are."""
    for value in values:  # noqa: SIM110 (a generator would take three times as long)
        if type(value) not in PLAIN:
            return False
    return True


def plain(field: "models.Field[Any, Any]", value: Any) -> Any:
    """A date, a decimal, a JSON value: in the spelling of the database."""
    value = field.get_db_prep_save(value, connection)
    if isinstance(value, bool):
        return int(value)
    return value if type(value) in PLAIN else str(value)


registry: dict[str, Kind] = {}


def register(kind: Kind) -> None:
    """Called for each model that extends Task, when Django loads it."""
    other = registry.get(kind.name)
    if other and other.model._meta.label != kind.model._meta.label:
        raise ImproperlyConfigured(f"Two kinds are called {kind.name}: give one of them another Work.name.")
    registry[kind.name] = kind


def get(name: str) -> Kind:
    """The kind of this name; KeyError if there is none."""
    return registry[name]


def every() -> list[Kind]:
    """All kinds, in the order in which they were declared."""
    return list(registry.values())


def first() -> Kind:
    """The kind whose pages are the site's front: the first that people can create, if there is one."""
    try:
        return next((kind for kind in every() if kind.creatable), None) or every()[0]
    except IndexError:
        raise ImproperlyConfigured("There is no kind of task: declare a model that extends durable.Task.") from None
