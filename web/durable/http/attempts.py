"""Wrong passwords are slowed, per account and per address, by the events that they leave: in all containers alike.

Each one more doubles the pause. What comes during a pause is not even checked, and makes it no longer. Where an account
has logged in before, only what was tried from there slows it: a stranger cannot lock anybody out.
"""

import math
import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.db.models import DurationField, ExpressionWrapper, F, QuerySet
from django.db.models.functions import Now

from durable.events import Event, What

FAILED: What = "login failed"
LOGIN: What = "login"
FREE_TRIES = {"account": 3, "address": 10}  # before the first pause; people behind one address share it
LONGEST = 900  # seconds
WINDOW = timedelta(hours=1)
LOOKED_AT = 30  # by then the pause is at its longest

_lock = threading.Lock()
_checked: set[str] = set()


def account_of(name: str) -> str:
    """The account that a form names, as Django's own form reads it."""
    return unicodedata.normalize("NFKC", name.strip())[:128]


def pause(account: str, address: str) -> int:
    """Seconds until the next try is looked at; 0 for now."""
    failed = Event.objects.filter(what=FAILED, time__gt=Now() - WINDOW)
    at_account, at_address = failed.filter(subject=account), failed.filter(address=address)
    if Event.objects.filter(what=LOGIN, subject=account, address=address).exists():
        at_account = at_account.filter(address=address)
    return max(left(at_account, FREE_TRIES["account"]), left(at_address, FREE_TRIES["address"]))


def left(failed: "QuerySet[Event]", free: int) -> int:
    """How much is left of the pause after these, by the database's clock."""
    age = ExpressionWrapper(Now() - F("time"), output_field=DurationField())
    ages: list[timedelta] = list(failed.order_by("-id").values_list(age, flat=True)[:LOOKED_AT])
    if len(ages) < free:
        return 0
    whole = min(1 << (len(ages) - free + 1), LONGEST)
    return max(0, math.ceil(whole - ages[0].total_seconds()))


@contextmanager
def alone(account: str, address: str) -> Iterator[bool]:
    """One try at a time for each account and address, in this process: many at once would all find no pause yet."""
    keys = {f"account {account.casefold()}", f"address {address}"}
    with _lock:
        free = not keys & _checked
        _checked.update(keys if free else ())
    try:
        yield free
    finally:
        if free:
            with _lock:
                _checked.difference_update(keys)
