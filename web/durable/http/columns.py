"""What the API's document says of one column: derived from the model's field."""

import csv
import io
import json
from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from durable.kinds import Kind

Described = dict[str, Any]
TYPES: "dict[type[models.Field[Any, Any]], Described]" = {
    models.BooleanField: {"type": "boolean"},
    models.IntegerField: {"type": "integer"},
    models.FloatField: {"type": "number"},
    models.DecimalField: {
        "type": "string",
        "format": "decimal",
        "examples": ["12.50"],
    },  # text, so that no digit is lost
    models.DateTimeField: {"type": "string", "format": "date-time"},
    models.DateField: {"type": "string", "format": "date"},
    models.TimeField: {"type": "string", "examples": ["08:30:00"]},
    models.DurationField: {"type": "string", "examples": ["P1DT2H"]},
    models.UUIDField: {"type": "string", "format": "uuid"},
    models.EmailField: {"type": "string", "format": "email"},
    models.URLField: {"type": "string", "format": "uri"},
    models.JSONField: {},
}
# What a column of a type or format may hold, for an example.
SAMPLES: Described = {
    "date": "2026-01-31",
    "date-time": "2026-01-31T12:00:00Z",
    "uuid": "5f0c1b9e-8a4d-4c57-9a51-0d7a1c0f6c2e",
    "email": "ann@example.com",
    "uri": "https://example.com/",
    "integer": 1,
    "number": 1.5,
    "boolean": True,
}
BOUNDS: dict[type, str] = {MinValueValidator: "minimum", MaxValueValidator: "maximum"}


def typed(field: "models.Field[Any, Any]") -> Described:
    """Its type alone: what an answer holds."""
    found = next((TYPES[base] for base in type(field).__mro__ if base in TYPES), {"type": "string"})
    return nullable(field, {**found, "description": description(field)})


def taken(field: "models.Field[Any, Any]", choices: list[Any]) -> Described:
    """What a request may bring for it. A field class of the adopter's may add to this: `json_schema`, a dict."""
    found = next((TYPES[base] for base in type(field).__mro__ if base in TYPES), {"type": "string"})
    described: Described = {**found, "description": description(field)}
    if choices:
        described = {**described, "enum": choices}
    elif described.get("type") == "string" and isinstance(field, models.CharField | models.TextField):
        described |= {"maxLength": field.max_length} if field.max_length else {}
        described |= {} if field.blank else {"minLength": 1}
    if described.get("type") in ("integer", "number"):
        described |= bounds(field)
    if field.has_default() and isinstance(field.default, str | int | float | bool):
        described["default"] = field.default
    return nullable(field, {**described, **getattr(field, "json_schema", {})})


def description(field: "models.Field[Any, Any]") -> str:
    """In words."""
    return str(field.help_text or field.verbose_name)


def bounds(field: "models.Field[Any, Any]") -> Described:
    """The tightest that its validators set."""
    limits: Described = {}
    for validator in field.validators:
        name = BOUNDS.get(type(validator))
        limit: Any = getattr(validator, "limit_value", None)
        if name and not callable(limit):
            tighter = max if name == "minimum" else min
            limits[name] = tighter(limit, limits.get(name, limit))
    return limits


def nullable(field: "models.Field[Any, Any]", described: Described) -> Described:
    """The same, or null where the column may be."""
    if not field.null or not described.get("type"):
        return described
    words = described.pop("description")
    return {"anyOf": [described, {"type": "null"}], "description": words}


def sample(kind: Kind, name: str) -> Any:
    """What the column may hold: `example_<name>` of the model, else something that fits its type and choices."""
    own = getattr(kind.model, f"example_{name}", None)
    if own is not None:
        return own
    described = taken(kind.fields[name], [value for value, _ in kind.choices(name)])
    described = described.get("anyOf", [described])[0]
    known = [described[key][0] for key in ("examples", "enum") if key in described]
    known += [described[key] for key in ("default", "minimum") if key in described]
    known += [SAMPLES[described[key]] for key in ("format", "type") if described.get(key) in SAMPLES]
    known += ["text"[: described.get("maxLength")] if described.get("type") == "string" else {"key": "value"}]
    return known[0]


def example_csv(kind: Kind) -> str:
    """A file of one task, such as an upload may be."""
    text = io.StringIO()
    values = [sample(kind, name) for name in kind.inputs]
    cells = [json.dumps(value) if isinstance(value, dict | list) else value for value in values]
    csv.writer(text, lineterminator="\n").writerows([kind.inputs, cells])
    return text.getvalue()
