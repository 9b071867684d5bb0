"""The JSON shapes of one kind, made once of its columns: values are read by the kind's own checkers."""

import warnings
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Literal

from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import override
from ninja.schema import NinjaGenerateJsonSchema
from pydantic import AwareDatetime, BaseModel, Field, PlainValidator, WithJsonSchema, create_model

from durable import kinds, schedule
from durable.batches import MAX_ROWS
from durable.checkers import compiled
from durable.filters import Filters
from durable.http import schemas
from durable.http.columns import example_csv, taken, typed
from durable.http.forms import OWN_FILTERS
from durable.http.schemas import Given, Id, StatusName, Told
from durable.kinds import Kind
from durable.listing import BIGGEST_ID, PAGE

Model = type[BaseModel]
# Query parameters and fields of every kind, which no column that is filtered by may have for a name.
TAKEN = (*OWN_FILTERS, "before", "after", "since", "limit", "action", "expected", "lang", "made")
EXPECTED = Field(ge=0, le=BIGGEST_ID, description="How many the person was told; fewer is fine.")
ACTION = Field(description="What would be done to them.")
STATE: dict[str, Any] = {
    "status": (StatusName, ...),
    "error": (str, ...),
    "progress": (float | None, Field(description=schemas.PROGRESS)),
    "progress_words": (str, ...),
    "attempts": (int, ...),
    "worker": (str, ...),
    "created_by": (str, Field(description=schemas.CREATED_BY)),
    "create_time": (datetime, ...),
    "start_time": (datetime | None, ...),
    "update_time": (datetime, ...),
    "due_time": (datetime | None, Field(description="While it is scheduled: when it begins at the earliest.")),
}
# What the tasks of every kind can be chosen by, besides status and batch.
MORE: dict[str, Any] = {
    "error": (str, Field("", max_length=255, description="The whole error, as a task has it.")),
    "worker": (str, Field("", max_length=80, description="The process that ran or runs it.")),
    "created_from": (AwareDatetime | None, Field(None, description="Created then or later.")),
    "created_to": (AwareDatetime | None, Field(None, description="Created before that.")),
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
            self.label, self.labels = str(kind.label), str(kind.labels)
            # A column may be called `copy` or `json`: pydantic says that this hides a method, which nobody calls.
            warnings.filterwarnings("ignore", message="Field name .* shadows an attribute")
            self.new = self.made(f"New{self.name}", Given, self.inputs())
            self.task = self.made(self.name, Told, self.columns((*kind.inputs, *kind.outputs)))
            whole = set(kind.listed) >= {*kind.inputs, *kind.outputs}
            item = self.task if whole else self.made(f"Listed{self.name}", Told, self.columns(kind.listed))
            self.list = self.made(f"{self.name}List", Told, self.page(item))
            filters = self.filterable()
            self.query = self.made(f"{self.name}Query", Given, {**filters, **self.places()})
            self.which = self.made(
                f"{self.name}Which", Given, {**filters, "action": (Literal["cancel", "retry"], ACTION)}
            )
            self.all = self.made(f"{self.name}Filters", Given, filters)
            chosen = "Chosen" if kind.first else f"Chosen{self.name}"
            self.chosen = self.made(chosen, Given, {**filters, "expected": (Annotated[Id, EXPECTED], ...)})

    def made(self, name: str, base: Model, fields: dict[str, Any]) -> Model:
        """A model of these fields."""
        return create_model(name, __base__=base, **fields)

    def inputs(self) -> dict[str, Any]:
        """What a new task is made of."""
        own = {
            name: (self.read(name, check), self.kind.optional.get(name, ...))
            for name, check in zip(self.kind.inputs, self.kind.checkers, strict=True)
        }
        when = Annotated[Any, PlainValidator(schedule.read), WithJsonSchema(schedule.DESCRIBED)]
        return {**own, schedule.RUN_AFTER: (when, None)}

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
        status = Field(None, description="Only those in this state.")
        batch = Field(None, description="Only those of this batch.")
        return {"status": (StatusName | None, status), **own, "batch": (Id | None, batch), **MORE}

    def wanted(self, name: str) -> Callable[[Any], Any]:
        """How a filter's value is read: as the column's, or null for no filter where the column has none."""
        field = self.kind.fields[name]
        check = compiled(self.kind.model, field)
        return lambda value: None if value is None and not field.null else check(value)

    def places(self) -> dict[str, Any]:
        """Where in the list."""
        cursor = "What an answer called `{}`: only what is {} than this id."
        since = "What an answer called `since`: what has changed from there on, oldest change first."
        return {
            "before": (Id | None, Field(None, description=cursor.format("next", "older"))),
            "after": (Id | None, Field(None, description=cursor.format("previous", "newer"))),
            "since": (Annotated[str | None, Field(max_length=40)], Field(None, description=since)),
            "limit": (int, Field(PAGE, ge=1, le=500, description="How many at most; with `since` it does not count.")),
        }

    def filters(self, given: Any) -> Filters:
        """What was chosen, for the services."""
        values = {name: getattr(given, name) for name in self.kind.filters if name in given.model_fields_set}
        fields = self.kind.fields
        values = {name: value for name, value in values.items() if value is not None or fields[name].null}
        more = {name: getattr(given, name) for name in MORE}
        return Filters(status=given.status or "", batch=given.batch, values=values, **more)

    def batch_body(self) -> dict[str, Any]:
        """How a batch is sent; it is read as a stream, so this is said by hand."""
        described = self.new.model_json_schema(schema_generator=NinjaGenerateJsonSchema)
        task = {key: value for key, value in described.items() if key != "title"}
        tasks = {"type": "array", "items": task, "minItems": 1, "maxItems": MAX_ROWS}
        whole = {"type": "object", "properties": {"tasks": tasks}, "required": ["tasks"], "additionalProperties": False}
        return {
            "required": True,
            "content": {
                "application/json": {"schema": whole},
                "text/csv": {"schema": {"type": "string"}, "example": example_csv(self.kind)},
            },
        }


def component(kind: Kind) -> str:
    """What the document calls its tasks: the first kind's are plainly Task."""
    if kind.first:
        return "Task"
    others = [other.model.__name__ for other in kinds.every() if other is not kind]
    name: str = kind.model.__name__
    return f"{kind.name.title()}Task" if name in ("Task", *others) or hasattr(schemas, name) else name
