"""How the cache writes values: as JSON, so that who can write to Redis can run nothing here."""

import json
import logging
from typing import Any

logger = logging.getLogger(__name__)


class JSONSerializer:
    """For Django's RedisCache, whose own is pickle."""

    def dumps(self, value: Any) -> str:
        """A value of JSON's own types; a number stays one that Redis can count up."""
        return json.dumps(value, separators=(",", ":"))

    def loads(self, data: bytes) -> Any:
        """The value. What is no JSON (a pickle of an earlier version's, or of somebody else's) counts as nothing."""
        try:
            return json.loads(data)
        except ValueError:  # bytes that are no UTF-8, too
            logger.warning("cache: a value of %d bytes is no JSON and is not read", len(data))
            return None
