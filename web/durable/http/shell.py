"""The page that all strangers of a language see: made once a second, its list again as soon as something in it changed.

What is each reader's own (the token of the forms, the keys under which they create) stands in it as a mark.
"""

import secrets
import time
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.utils.html import escape
from django.utils.translation import get_language

from durable.http.forms import new_key

FRESH = 1.0  # seconds: the figures in it are remembered for as long, see stats.py
# Nobody can write these into a page.
LIST, HINT, TOKEN, KEY = (f"{name}{secrets.token_hex(16)}" for name in ("list", "hint", "token", "key"))
Key = tuple[str, ...]
_pages: dict[Key, tuple[float, object, str]] = {}
_lists: dict[Key, tuple[float, object, str]] = {}


def shared(request: HttpRequest) -> bool:
    """Whether many ask for the same page: a stranger's plain request for the newest tasks."""
    if settings.DEV:  # a template may change at any time
        return False
    return request.method == "GET" and not request.META["QUERY_STRING"] and not request.principal.name  # type: ignore[attr-defined]


def page(request: HttpRequest, state: object, hint: str, make: Callable[[], str], make_list: Callable[[], str]) -> str:
    """The page for this reader: `make` renders it with marks, `make_list` its list, which is the same in that state."""
    key = (request.path, str(get_language()), *sorted(request.principal.scopes))  # type: ignore[attr-defined]
    text = remembered(_pages, key, None, make)
    while KEY in text:
        text = text.replace(KEY, new_key(), 1)
    tasks = remembered(_lists, key, state, make_list)
    return text.replace(TOKEN, get_token(request)).replace(HINT, escape(hint)).replace(LIST, tasks)


def remembered(known: dict[Key, tuple[float, object, str]], key: Key, state: object, make: Callable[[], str]) -> str:
    """What was made a moment ago in that state."""
    made, its_state, text = known.get(key, (float("-inf"), None, ""))
    now = time.monotonic()
    if its_state != state or now - made > FRESH:
        text = make()
        known[key] = now, state, text
    return text


def forget() -> None:
    """As if the moment were over."""
    _pages.clear()
    _lists.clear()
