"""The conformance suite: what the engine promises, proved for a kind of task. For tests alone: it needs pytest-django.

class TestReading(Conformance):
    kind = Reading
    examples = [({"text": "One two.", "language": "en"}, {"words": 2, "reading_seconds": 1}), ...]
"""

import pkgutil

import pytest

pytest.register_assert_rewrite(*(f"{__name__}.{module.name}" for module in pkgutil.iter_modules(__path__)))

from durable.testing.conformance import Conformance  # noqa: E402
from durable.testing.kills import survives_kills  # noqa: E402

__all__ = ["Conformance", "survives_kills"]
