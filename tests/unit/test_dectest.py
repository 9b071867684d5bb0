"""The decTest files of decimal128 ("dq"), as CPython ships them, against operations.apply."""

from collections import Counter
from importlib import resources

import pytest
from dectest import Case, read_cases

from arithmetic.operations import OperationError, apply, parse

NAMES = {"add": "add", "subtract": "minus", "multiply": "multiply", "divide": "divide"}
DECIMAL128 = {
    "extended": "1",
    "clamp": "1",
    "precision": "34",
    "maxexponent": "6144",
    "minexponent": "-6143",
}
WITHOUT_RESULT = {"division_by_zero", "division_undefined", "invalid_operation", "overflow"}

# So many cases are checked at least, by how they end (see kind_of): the test can't fall silent.
AT_LEAST = {
    "dqAdd": {"number": 763, "failure": 12, "refused": 93},
    "dqSubtract": {"number": 362, "failure": 0, "refused": 86},
    "dqMultiply": {"number": 340, "failure": 14, "refused": 118},
    "dqDivide": {"number": 515, "failure": 66, "refused": 102},
}


@pytest.mark.parametrize("name", AT_LEAST)
def test_it_computes_what_the_public_suite_says(name: str) -> None:
    cases = list(read_cases(decimal_test_data(name)))
    done = Counter(kind_of(case) for case in cases)
    wrong = [f"{case}, but {why}" for case in cases if (why := complaint(case))]

    assert not wrong, f"{len(wrong)} cases are wrong, such as:\n" + "\n".join(wrong[:10])
    assert done >= Counter(AT_LEAST[name]), f"fewer cases than there should be: {dict(done)}"


def decimal_test_data(name: str) -> str:
    try:
        file = resources.files("test") / "decimaltestdata" / f"{name}.decTest"
        return file.read_text(encoding="utf-8")
    except (ModuleNotFoundError, FileNotFoundError):
        pytest.skip(f"this Python came without its own tests, of which {name}.decTest is one")


def kind_of(case: Case) -> str:
    """How the case should end; those of other arithmetic are counted, but not checked."""
    if case.operation not in NAMES:
        return "another operation"
    if not all(is_finite(operand) for operand in case.operands):
        return "refused"
    if not DECIMAL128.items() <= case.directives.items():
        return "another format"
    if not is_rounded_half_even(case):
        return "another rounding"
    return "failure" if case.conditions & WITHOUT_RESULT else "number"


def is_finite(operand: str) -> bool:
    """No NaN, no Infinity, and not the `#` that stands for a missing operand."""
    return not any(sign in operand.lower() for sign in ("nan", "inf", "#"))


def is_rounded_half_even(case: Case) -> bool:
    """True also where the mode can't matter: exact results (but floor gives zeros another sign)."""
    mode = case.directives["rounding"]
    return mode == "half_even" or (mode != "floor" and "inexact" not in case.conditions)


def complaint(case: Case) -> str | None:
    refused = [text for text in case.operands if not is_number(text)]
    match kind_of(case):
        case "refused" if not all(is_finite(text) or text in refused for text in case.operands):
            return "parse takes what is not a finite number"
        case "number" | "failure" if refused:  # or the refusal would look like the failure
            return f"parse refuses {refused}"
        case "number" if (result := outcome(case)) != case.result:
            return f"the outcome is {result}"
        case "failure" if result := outcome(case):
            return f"the outcome is {result}"
    return None


def is_number(text: str) -> bool:
    try:
        parse(text)
    except OperationError:
        return False
    return True


def outcome(case: Case) -> str | None:
    try:
        return apply(NAMES[case.operation], *case.operands)
    except OperationError:
        return None
