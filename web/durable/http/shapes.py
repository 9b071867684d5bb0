"""The JSON shapes of one kind, made once of its columns: values are read by the kind's own checkers."""

import warnings
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Literal

from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import override
from ninja.schema import NinjaGenerateJsonSchema
from pydantic import BaseModel, Field, PlainValidator, WithJsonSchema, create_model

from durable import kinds
from durable.batches import MAX_ROWS
from durable.checkers import compiled
from durable.http import schemas
from durable.http.columns import taken, typed
from durable.http.schemas import Given, Id, StatusName, Told
from durable.kinds import Kind
from durable.listing import BIGGEST_ID, PAGE, Filters

Model = type[BaseModel]
# Query parameters and fields of every kind, which no column that is filtered by may have for a name.
TAKEN = ("status", "batch", "id", "before", "after", "since", "limit", "action", "expected", "lang")
EXPECTED = Field(ge=0, le=BIGGEST_ID, description="How many the person was told; fewer is fine.")
STATE: dict[str, Any] = {
    "status": (StatusName, ...),
    "error": (str, ...),
    "attempts": (int, ...),
    "worker": (str, ...),
    "create_time": (datetime, ...),
    "start_time": (datetime | None, ...),
    "update_time": (datetime, ...),
}
SAMPLES = {
    "date": "2026-01-31",
    "date-time": "2026-01-31T12:00:00Z",
    "integer": "1",
    "number": "1.5",
    "boolean": "true",
}


class Shapes:
    """All of a kind's, by what they are for."""

    def __init__(self, kind: Kind) -> None:
        if clash := set(kind.filters) & set(TAKEN):
            raise ImproperlyConfigured(
                f"{kind.name} cannot be filtered by {clash.pop()}: give the column another name."
            )
        self.kind, self.name = kind, component(kind)
        with override("en"), warnings.catch_warnings():
            # A column may be called `copy` or `json`: pydantic says that this hides a method, which nobody calls.
            warnings.filterwarnings("ignore", message="Field name .* shadows an attribute")
            self.new = self.made(f"New{self.name}", Given, self.inputs())
            self.task = self.made(self.name, Told, self.columns((*kind.inputs, *kind.outputs)))
            whole = set(kind.listed) >= {*kind.inputs, *kind.outputs}
            item = self.task if whole else self.made(f"Listed{self.name}", Told, self.columns(kind.listed))
            self.list = self.made(f"{self.name}List", Told, self.page(item))
            filters = self.filterable()
            self.query = self.made(f"{self.name}Query", Given, {**filters, **self.places()})
            self.which = self.made(f"{self.name}Which", Given, {**filters, "action": (Literal["cancel", "retry"], ...)})
            chosen = "Chosen" if kind.first else f"Chosen{self.name}"
            self.chosen = self.made(chosen, Given, {**filters, "expected": (Annotated[Id, EXPECTED], ...)})

    def made(self, name: str, base: Model, fields: dict[str, Any]) -> Model:
        """A model of these fields."""
        return create_model(name, __base__=base, **fields)

    def inputs(self) -> dict[str, Any]:
        """What a new task is made of."""
        return {
            name: (self.read(name, check), self.kind.optional.get(name, ...))
            for name, check in zip(self.kind.inputs, self.kind.checkers, strict=True)
        }

    def read(self, name: str, check: Callable[[Any], Any]) -> Any:
        """The annotation of a value that the kind's own checker reads."""
        described = taken(self.kind.fields[name], [value for value, _ in self.kind.choices(name)])
        return Annotated[Any, PlainValidator(check), WithJsonSchema(described)]

    def columns(self, names: tuple[str, ...]) -> dict[str, Any]:
        """What is told of a task: these columns, and what every task has."""
        own = {name: (Annotated[Any, WithJsonSchema(typed(self.kind.fields[name]))], ...) for name in names}
        return {"id": (int, ...), "batch": (int | None, Field(validation_alias="batch_id")), **own, **STATE}

    def page(self, item: Model) -> dict[str, Any]:
        """`next` and `previous` are the values for `before` and `after`; `since` that for changes from here on."""
        items: Any = list[item]  # type: ignore[valid-type]
        more = Field(False, description="With since: too much has changed to tell it all, load the list again.")
        cursor = (int | None, ...)
        return {"items": (items, ...), "next": cursor, "previous": cursor, "since": (str, ...), "more": (bool, more)}

    def filterable(self) -> dict[str, Any]:
        """What many tasks are chosen by; without any, all of them."""
        own = {name: (self.read(name, self.wanted(name)), None) for name in self.kind.filters}
        return {"status": (StatusName | None, None), **own, "batch": (Id | None, None)}

    def wanted(self, name: str) -> Callable[[Any], Any]:
        """How a filter's value is read: as the column's, or null for no filter where the column has none."""
        field = self.kind.fields[name]
        check = compiled(self.kind.model, field)
        return lambda value: None if value is None and not field.null else check(value)

    def places(self) -> dict[str, Any]:
        """Where in the list."""
        return {
            "before": (Id | None, None),
            "after": (Id | None, None),
            "since": (Annotated[str | None, Field(max_length=40)], None),
            "limit": (Annotated[int, Field(ge=1, le=500)], PAGE),
        }

    def filters(self, given: Any) -> Filters:
        """What was chosen, for the services."""
        values = {name: getattr(given, name) for name in self.kind.filters if name in given.model_fields_set}
        fields = self.kind.fields
        values = {name: value for name, value in values.items() if value is not None or fields[name].null}
        return Filters(given.status or "", given.batch, values)

    def batch_body(self) -> dict[str, Any]:
        """How a batch is sent; it is read as a stream, so this is said by hand."""
        described = self.new.model_json_schema(schema_generator=NinjaGenerateJsonSchema)
        task = {key: value for key, value in described.items() if key != "title"}
        tasks = {"type": "array", "items": task, "minItems": 1, "maxItems": MAX_ROWS}
        whole = {"type": "object", "properties": {"tasks": tasks}, "required": ["tasks"], "additionalProperties": False}
        cells = [example(task["properties"][name]) for name in self.kind.inputs]
        sample = f"{','.join(self.kind.inputs)}\n{','.join(cells)}\n"
        return {
            "required": True,
            "content": {
                "application/json": {"schema": whole},
                "text/csv": {"schema": {"type": "string"}, "example": sample},
            },
        }


def component(kind: Kind) -> str:
    """What the document calls its tasks: the first kind's are plainly Task."""
    if kind.first:
        return "Task"
    others = [other.model.__name__ for other in kinds.every() if other is not kind]
    name: str = kind.model.__name__
    return f"{kind.name.title()}Task" if name in ("Task", *others) or hasattr(schemas, name) else name


def example(described: dict[str, Any]) -> str:
    """A cell of such a column."""
    described = described.get("anyOf", [described])[0]
    known = [described[key][0] for key in ("examples", "enum") if key in described]
    known += [described[key] for key in ("default", "minimum") if key in described]
    known += [SAMPLES[described[key]] for key in ("format", "type") if described.get(key) in SAMPLES]
    return str([*known, "text"][0])
