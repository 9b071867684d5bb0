"""Idempotency keys as they are stored: hashed, and each principal's own."""

import hashlib
from typing import Any

from durable.by import By


def digest(key: str | None, by: By) -> str | None:
    """A hash, since MySQL would take `Key`, `key` and `key ` for the same. All who have no name are one principal."""
    if not key:
        return None
    # 0xFF is in no UTF-8: whatever somebody has for a name or a key, it cannot look like another's.
    whose = b"\xff%b\xff" % by.name.encode() if by.name else b""
    return hashlib.sha256(whose + key.encode()).hexdigest()


def is_stored(model: Any, digest: str | None) -> bool:
    """Whether a row has it: what comes with it is no new one."""
    return digest is not None and bool(model.objects.filter(idempotency_key=digest).exists())
