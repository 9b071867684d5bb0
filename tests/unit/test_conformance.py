"""The conformance suite over the arithmetic, and over the two kinds that the tests have beside it."""

from arithmetic.models import MathTask
from durable.jobs.models import Job
from durable.testing import Conformance
from support.readings.models import Loan, Reading


class TestMathTask(Conformance):
    """The first kind: one output, numbers as text, a choice that is a filter."""

    kind = MathTask
    examples = [
        ({"x": "0.1", "task_type": "add", "y": "0.2"}, {"result": "0.3"}),
        ({"x": "+1e2", "task_type": "minus", "y": "-1"}, {"result": "101"}),
        ({"x": "1", "task_type": "divide", "y": "3"}, {"result": "0.3333333333333333333333333333333333"}),
        ({"x": "-0.5", "task_type": "multiply", "y": "4"}, {"result": "-2.0"}),
    ]
    failing = [{"x": "1", "task_type": "divide", "y": "0"}, {"x": "9e6144", "task_type": "multiply", "y": "10"}]
    refused = [
        {"x": "one", "task_type": "add", "y": "2"},
        {"x": "", "task_type": "add", "y": "2"},
        {"x": "1", "task_type": "add", "y": "NaN"},
        {"x": "1", "task_type": "no such", "y": "2"},
    ]


class TestReading(Conformance):
    """A long text in, two nullable outputs."""

    kind = Reading
    examples = [
        ({"text": "One, two\r\n\"three\" 'four'; five", "language": "en"}, {"words": 5, "reading_seconds": 1.25}),
        ({"text": "=1+1 Grüße 𝄞", "language": "de"}, {"words": 3, "reading_seconds": 1.0}),
        ({"text": "字 " * 50, "language": "zh"}, {"words": 50, "reading_seconds": 10.0}),
    ]
    failing = [{"text": " \n", "language": "en"}]
    refused = [{"text": "", "language": "en"}, {"text": "One.", "language": "fr"}, {"text": "One.", "language": ""}]


class TestLoan(Conformance):
    """A column of each other type, inputs that may be left out, outputs that may be missing."""

    kind = Loan
    examples = [
        (
            {"amount": "1200.00", "months": 12, "start": "2026-01-31", "insured": True, "note": "new car "},
            {"payment": "100.00", "end": "2027-01-26", "risk": "low", "steps": {"months": 12}, "checked": None},
        ),
        (
            {"amount": "99.99", "months": 2, "start": "2026-02-28", "plan": "late", "limit": "100"},
            {"payment": "99.99", "end": "2026-04-29", "risk": None, "steps": {"months": 2}, "checked": None},
        ),
    ]
    failing = [{"amount": "2", "months": 1, "start": "2026-01-01", "limit": "1.50"}]
    refused = [
        {"amount": "0", "months": 1, "start": "2026-01-01"},
        {"amount": "1.234", "months": 1, "start": "2026-01-01"},
        {"amount": "1", "months": 481, "start": "2026-01-01"},
        {"amount": "1", "months": 1, "start": "2026-02-30"},
        {"amount": "1", "months": 1, "start": "2026-01-01", "note": "LOUD"},
        {"amount": "1", "months": 1, "start": "2026-01-01", "plan": "none"},
    ]


def call(name: str, *args: object, **kwargs: object) -> dict[str, object]:
    """The inputs of a job."""
    return {"function": f"support.errands.{name}", "arguments": {"args": list(args), "kwargs": kwargs}}


class TestJob(Conformance):
    """Any function, its arguments and its value as JSON; never created over HTTP."""

    kind = Job
    examples = [
        (call("double", 21), {"value": 42}),
        (call("double", "字", times=2), {"value": "字" * 4}),
        (call("double", [], times=3), {"value": []}),
        (call("double", 2**70), {"value": 2**71}),
        (call("later", 1), {"value": 2}),
    ]
    failing = [call("shelf", 3)]
    refused = [
        {"function": "", "arguments": {"args": [], "kwargs": {}}},
        {"function": "x" * 256, "arguments": {"args": []}},
    ]
