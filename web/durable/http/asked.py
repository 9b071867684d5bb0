"""What part of a kind's list an address asks for."""

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import HttpRequest, QueryDict
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext

from durable import listing
from durable.filters import Filters
from durable.http.forms import OWN_FILTERS, Moment, Wanted, filter_form, unknown_filters
from durable.kinds import Kind
from durable.listing import BIGGEST_ID, Page
from durable.states import Status
from durable.words import state

CURSORS = ("before", "after")
NUMBER = re.compile(r"-?[0-9]{1,4000}", re.ASCII)  # as long as int() takes it
# A row may be seen this long after the moment that its update_time tells: when its transaction is committed.
COMMITTED_WITHIN = timedelta(seconds=3)


@dataclass(frozen=True)
class Control:
    """A filter above the list: `options` where it is a select; `shown` are the words for what is chosen."""

    name: str
    label: Any
    value: str
    options: list[tuple[str, Any]]
    shown: Any
    chosen: bool
    type: str = "text"
    without: str = ""  # the rest of the filters, as part of an address


@dataclass(frozen=True)
class Asked:
    """The filters as they were sent and as the columns have them, and where the page begins."""

    kind: Kind
    sent: dict[str, str] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    cursors: dict[str, int] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)

    @property
    def query(self) -> str:
        """The filters as part of an address."""
        return self.but()

    def but(self, **other: str) -> str:
        """The same with some of them set otherwise, or left out."""
        sent = {name: self.sent[name] for name in self.values}
        return urlencode({name: value for name, value in {**sent, **other}.items() if value})

    @property
    def controls(self) -> list[Control]:
        """What the reader can narrow the list by, and does."""
        return [self.control(name, field) for name, field in filter_form(self.kind).base_fields.items()]

    def control(self, name: str, field: forms.Field) -> Control:
        """One of them."""
        options: list[tuple[Any, Any]] = []
        if name == "status":
            options = [(status, state(status)) for status in Status.values]
        elif isinstance(field, Wanted):
            options = field.options()
        options = [(str(value), label) for value, label in options]
        sent, value = self.sent.get(name, ""), self.values.get(name)
        shown, type = dict(options).get(sent, sent), "text"
        if isinstance(field, Moment):
            type, shown = "datetime-local", f"{value:%Y-%m-%d %H:%M:%S %Z}" if value else sent
            sent = f"{value:%Y-%m-%dT%H:%M:%S}" if value else sent  # the only way in which a browser takes it
        return Control(name, field.label, sent, options, shown, name in self.values, type, self.but(**{name: ""}))

    @property
    def filtered(self) -> bool:
        """Whether it is not the whole list."""
        return bool(self.values or self.errors)

    @property
    def filters(self) -> Filters:
        """What a page or a change of many takes."""
        own = {name: self.values[name] for name in OWN_FILTERS if name in self.values and name != "id"}
        return Filters(**own, values={name: value for name, value in self.values.items() if name not in OWN_FILTERS})

    def page(self) -> Page:
        """That part of the list."""
        if self.errors:
            return Page([], None, None)
        if "id" in self.values:
            task = listing.one(self.kind, self.values["id"])
            return Page([task] if task and self.filters.match(task) else [], None, None)
        return listing.page(self.kind, filters=self.filters, **self.cursors)


def asked(kind: Kind, query: QueryDict, *known: str) -> Asked:
    """Read the address. `known`: what it may have besides filters."""
    places = {name: str(query[name]) for name in CURSORS if name in query and name in known}
    wrong = [name for name, text in places.items() if not NUMBER.fullmatch(text)]
    cursors = {name: min(int(text), BIGGEST_ID) for name, text in places.items() if name not in wrong}
    form = filter_form(kind)(query)
    errors = unknown_filters(query, *form.fields, *known)
    errors += [gettext("{name} takes the number of a task.").format(name=name) for name in wrong]
    errors += [str(sentence) for sentences in form.errors.values() for sentence in sentences]
    values = {name: value for name, value in form.cleaned_data.items() if value not in ("", None)}
    sent = {name: query.get(name, "").strip() for name in form.fields}
    return Asked(kind, sent, values, cursors, errors)


def since(request: HttpRequest) -> datetime | None:
    """The moment in ?since=; what is none is as if nothing was asked."""
    try:
        moment = parse_datetime(request.GET.get("since", ""))
        return moment - COMMITTED_WITHIN if moment and moment.tzinfo else None
    except (ValueError, OverflowError):
        return None


def address(kind: Kind, name: str) -> str:
    """Where one of the kind's pages is."""
    return reverse(f"{kind.name}:{name}")


def task_address(task: Any) -> str:
    """Where a task's own page is."""
    return f"{address(task.kind, 'index')}tasks/{task.pk}"


def api_address(kind: Kind, rest: object) -> str:
    """The same of its API; the numbers of the first kind are those of the whole."""
    return "/api/stats" if kind.first and rest == "stats" else f"/api/{kind.api}/{rest}"


def templates(kind: Kind, name: str) -> list[str]:
    """Where a kind's template is looked for: its own, its app's, the engine's."""
    app = kind.model._meta.app_label
    return [f"{app}/{kind.name}/{name}", f"{app}/{name}", f"durable/{name}"]
