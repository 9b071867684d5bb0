"""A program's token: made and shown once, found by its digest, revoked."""

import hashlib
import re
import secrets
from collections.abc import Iterable
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_noop

from durable.by import SCOPES, By
from durable.events import record
from durable.tokens import Token
from durable.words import say

PREFIX = "abacus_"  # so that a scanner of repositories knows one where it should not be
BYTES = 32
NAME = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,63}")
LONGEST_DAYS = 3650


class NotMade(ValueError):
    """A token cannot be made so; the sentence says why."""


def make_token(*, name: str, scopes: Iterable[str], days: int | None, by: By) -> str:
    """Store a token; its secret, which nobody can see again."""
    wanted = [scope for scope in SCOPES if scope in set(scopes)]
    if not NAME.fullmatch(name):
        raise NotMade(say(gettext_noop("A token's name has 1 to 64 letters, digits, dots, hyphens or underscores.")))
    if not wanted or set(scopes) - set(SCOPES):
        raise NotMade(say(gettext_noop("A token's scopes are one or more of {scopes}."), scopes=", ".join(SCOPES)))
    if days is not None and not 1 <= days <= LONGEST_DAYS:
        raise NotMade(say(gettext_noop("A token is valid for 1 to {most} days."), most=LONGEST_DAYS))
    secret = PREFIX + secrets.token_urlsafe(BYTES)
    expires = None if days is None else Now() + timedelta(days=days)
    try:
        with transaction.atomic():
            Token.objects.create(
                name=name, digest=digest(secret), scopes=",".join(wanted), created_by=by.name, expire_time=expires
            )
            record("token made", by, subject=name, detail=",".join(wanted))
    except IntegrityError:
        sentence = gettext_noop("There is, or was, a token {name}: take another name, so that events tell them apart.")
        raise NotMade(say(sentence, name=name)) from None
    return secret


def find_token(secret: str) -> Token | None:
    """The token of this secret, while it is valid: one indexed statement."""
    if not secret.startswith(PREFIX):
        return None
    valid = Q(expire_time=None) | Q(expire_time__gt=Now())
    return Token.objects.filter(valid, digest=digest(secret), revoke_time=None).first()


def revoke_token(*, name: str, by: By) -> bool:
    """End it at once; False where there is no such token that was still valid."""
    with transaction.atomic():
        revoked = Token.objects.filter(name=name, revoke_time=None).update(revoke_time=Now())
        if revoked:
            record("token revoked", by, subject=name)
    return bool(revoked)


def digest(secret: str) -> str:
    """What is stored of a secret. It is random, so that nobody finds it by trying and no salt is needed."""
    return hashlib.sha256(secret.encode()).hexdigest()
