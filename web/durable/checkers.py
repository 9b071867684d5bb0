"""How one value of a column is read, whether a form, JSON or CSV brings it: compiled once per column."""

import math
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_noop

from durable.words import Sentence, of, say

Checker = Callable[[Any], Any]
NATIVE: "dict[type[models.Field[Any, Any]], tuple[type, ...]]" = {  # what JSON may bring besides text
    models.IntegerField: (int,),
    models.FloatField: (int, float),
    models.DecimalField: (int, Decimal),
    models.BooleanField: (bool,),
    models.DateTimeField: (datetime,),
    models.DateField: (date,),
    models.TimeField: (time,),
}
BOOLEANS = {"true": True, "false": False}  # as JSON, addresses and spreadsheets write them
NEEDED = gettext_noop("Type a value.")


class Refused(ValueError):
    """A value that cannot be taken; its argument is a Sentence."""


def compiled(model: type[models.Model], field: "models.Field[Any, Any]") -> Checker:
    """The column's checker: `clean_<name>` of the model, `check` of the field's class, else one of its type.

    It takes the value as it came and gives it as it is kept, or raises Refused.
    """
    own = getattr(model, f"clean_{field.name}", None) or getattr(field, "check_value", None)
    if own is not None:
        return sentences(own)
    if isinstance(field, models.CharField | models.TextField) and not custom(field):
        return text(field)
    return typed(field)


def fitting(field: "models.Field[Any, Any]") -> Checker:
    """Whether an output fits its column: what it means is `perform`'s own business."""
    if isinstance(field, models.CharField | models.TextField):
        return text(field, blank=True)
    return typed(field)


def sentences(check: Checker) -> Checker:
    """The same check, its refusal as Refused."""

    def checked(value: Any) -> Any:
        try:
            found = check(value)
        except ValidationError as error:
            raise Refused(Sentence(" ".join(error.messages))) from None
        except ValueError as error:
            raise Refused(of(error)) from None
        except (TypeError, AttributeError):
            if isinstance(value, str):
                raise
            raise Refused(say(gettext_noop("Send it as text."))) from None  # JSON may bring what it does not expect
        return as_text(found) if isinstance(found, str) else found

    return checked


def as_text(value: str) -> str:
    """The same; Refused where a database would not keep it (JSON may bring half of a surrogate pair)."""
    if "\0" in value or not storable(value):
        raise Refused(say(gettext_noop("Leave out the characters that are no text: a NUL, or half of a pair.")))
    return value


def custom(field: "models.Field[Any, Any]") -> bool:
    """Whether its class is one of the adopter's, or of a subclass of Django's with a look of its own (an e-mail)."""
    plain = type(field) in {models.CharField, models.TextField}
    return not plain or bool(field._validators)  # type: ignore[attr-defined]


def text(field: "models.Field[Any, Any]", blank: bool = False) -> Checker:
    """Text: as it is, within its length, or one of its choices."""
    longest, blank, null = field.max_length or 0, blank or field.blank, field.null
    choices = {str(value) for value, _ in field.flatchoices}

    def check(value: Any) -> Any:
        if type(value) is not str:
            if value is None and null:
                return None
            raise Refused(say(gettext_noop("Send it as text.")))
        if not value and not blank:
            raise Refused(say(NEEDED))
        if longest and len(value) > longest:
            raise Refused(say(gettext_noop("Type at most {n} characters."), n=longest))
        as_text(value)
        if choices and value and value not in choices:
            raise Refused(say(gettext_noop("Use one of: {names}."), names=", ".join(sorted(choices))))
        return value

    return check


def kept(field: "models.Field[Any, Any]", value: Any) -> Any:
    """The value as the database will give it back: so many places, in UTC; what it cannot hold is refused."""
    if isinstance(value, float) and not math.isfinite(value):
        raise Refused(say(gettext_noop("Type a finite number: NaN and Infinity are not accepted.")))
    if isinstance(field, models.DecimalField) and value is not None:
        return value.quantize(Decimal(1).scaleb(-field.decimal_places), context=field.context)
    if isinstance(value, datetime):  # without a zone it is of TIME_ZONE
        return (value if timezone.is_aware(value) else timezone.make_aware(value)).astimezone(UTC)
    return value


def storable(value: str) -> bool:
    """Whether it can be written as UTF-8."""
    if value.isascii():
        return True
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def typed(field: "models.Field[Any, Any]") -> Checker:
    """Any other column: text or the fitting JSON type, by the field's own reading and validators."""
    types = next((NATIVE[base] for base in type(field).__mro__ if base in NATIVE), ())
    boolean = bool in types
    anything = isinstance(field, models.JSONField)

    def check(value: Any) -> Any:
        fits = isinstance(value, types) and (boolean or not isinstance(value, bool))
        if not (anything or value is None or isinstance(value, str) or fits):
            raise Refused(say(gettext_noop("Send it as text, or as the type that the schema names.")))
        if value in ("", None):
            if field.null:
                return None
            if not (field.blank and value == ""):
                raise Refused(say(NEEDED))
        if isinstance(value, str):
            as_text(value)
            value = BOOLEANS.get(value.strip().lower(), value) if boolean else value
        return kept(field, field.clean(value, None))

    return sentences(check)
