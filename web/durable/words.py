"""Sentences for people: each knows its template and its values, so that it can be told in another language."""

from typing import Any

from django.utils.translation import gettext, gettext_noop

# The states as people read them. The API, the addresses and the rows have words of their own.
STATES = {
    "scheduled": gettext_noop("scheduled"),
    "created": gettext_noop("waiting"),
    "pending": gettext_noop("running"),
    "success": gettext_noop("success"),
    "failed": gettext_noop("failed"),
    "cancelled": gettext_noop("cancelled"),
}


class Sentence(str):
    """An English sentence, with what it was made of. The template is its code: the key of the translations."""

    __slots__ = ("template", "values")
    template: str
    values: dict[str, Any]

    def __new__(cls, template: str, values: dict[str, Any] | None = None) -> "Sentence":
        """Fill `{name}` in the template by the values."""
        sentence = super().__new__(cls, template.format(**values) if values else template)
        sentence.template, sentence.values = template, values or {}
        return sentence


def say(template: str, **values: Any) -> Sentence:
    """A sentence of a template, which gettext_noop marks for makemessages where it is written."""
    return Sentence(template, values)


def of(error: BaseException) -> Sentence:
    """The sentence that an exception carries."""
    said = error.args[0] if error.args else ""
    return said if isinstance(said, Sentence) else Sentence(str(said))


def translated(sentence: str) -> str:
    """The sentence in the reader's language; as it is where nobody has translated it."""
    if not sentence:
        return ""
    if not isinstance(sentence, Sentence) or not sentence.values:
        return gettext(sentence)
    values = {name: translated(value) if isinstance(value, str) else value for name, value in sentence.values.items()}
    return gettext(sentence.template).format(**values)


def state(status: str) -> str:
    """A state in the reader's language."""
    return gettext(STATES[status])
