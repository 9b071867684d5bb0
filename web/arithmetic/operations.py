"""The arithmetic: IEEE 754 decimal128 numbers, written as text. Standard library only."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import (
    ROUND_HALF_EVEN,
    Context,
    Decimal,
    DivisionByZero,
    InvalidOperation,
    Overflow,
)

DIGITS = 34
# sign, 34 digits, point and a five-character exponent, with room to spare
MAX_TEXT = 48

# IEEE 754-2019, table 3.6 (decimal128); clamp keeps exponents within the encoding.
CONTEXT = Context(
    prec=DIGITS,
    rounding=ROUND_HALF_EVEN,
    Emin=-6143,
    Emax=6144,
    capitals=1,
    clamp=1,
    flags=[],
    traps=[InvalidOperation, DivisionByZero, Overflow],
)

# ASCII alone: Decimal() also takes underscores and the digits of every script.
NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
NOT_FINITE = re.compile(r"[+-]?(?:s?nan[0-9]*|inf(?:inity)?)", re.IGNORECASE)


def gettext_noop(sentence: str) -> str:
    """Mark a sentence for makemessages; the page translates it where it is shown."""
    return sentence


class OperationError(ValueError):
    """Input or outcome that has no decimal128 value; the message is a sentence for people."""


@dataclass(frozen=True)
class Operation:
    """A binary operation: the sign that people read, and the function that computes it."""

    symbol: str
    function: Callable[[Context, Decimal, Decimal], Decimal]


OPERATIONS: dict[str, Operation] = {
    gettext_noop("add"): Operation("+", Context.add),
    gettext_noop("minus"): Operation("−", Context.subtract),
    gettext_noop("multiply"): Operation("×", Context.multiply),
    gettext_noop("divide"): Operation("÷", Context.divide),
}


def parse(text: str) -> Decimal:
    """Read a number exactly, or raise OperationError with a sentence that says what to do."""
    text = text.strip()
    if not text:
        raise OperationError(gettext_noop("Type a number."))
    if NOT_FINITE.fullmatch(text):
        raise OperationError(gettext_noop("Type a finite number: NaN and Infinity are not accepted."))
    if not NUMBER.fullmatch(text):
        raise OperationError(gettext_noop("Type a number, such as 12, -0.5 or 1.5e300."))
    mantissa, _, exponent = text.lower().partition("e")
    if len(re.sub(r"[^0-9]", "", mantissa).lstrip("0")) > DIGITS:
        raise OperationError(gettext_noop("Type a number of at most 34 significant digits."))
    out_of_range = OperationError(gettext_noop("Type a number whose exponent is between -6176 and 6144."))
    # Decimal() itself gives up on exponents of 19 digits and more.
    if len(exponent.lstrip("+-0")) > 6:
        raise out_of_range
    number = Decimal(text)
    with_context = CONTEXT.copy()
    with_context.traps[Overflow] = False
    rounded = with_context.plus(number) if number else number
    if rounded != number:  # infinite, or so small that digits would be lost
        raise out_of_range
    return _clamped(number)


def apply(name: str, x: str, y: str) -> str:
    """Compute `x name y` and return the result as canonical text.

    Raises OperationError where IEEE 754 gives no finite number, and KeyError for an unknown name.
    """
    operation = OPERATIONS[name]
    try:
        return CONTEXT.to_sci_string(operation.function(CONTEXT.copy(), parse(x), parse(y)))
    except DivisionByZero:
        raise OperationError(gettext_noop("Division by zero has no result.")) from None
    except InvalidOperation as error:
        if "DivisionUndefined" in repr(error):
            raise OperationError(gettext_noop("Zero divided by zero has no result.")) from None
        raise OperationError(gettext_noop("This operation has no result for these numbers.")) from None
    except Overflow:
        raise OperationError(gettext_noop("The result is too large: its exponent is above 6144.")) from None


def canonical(text: str) -> str:
    """The spelling under which a number is stored; trailing zeros are kept, as IEEE 754 does."""
    return CONTEXT.to_sci_string(parse(text))


def _clamped(number: Decimal) -> Decimal:
    """Fold an exponent into the range of the encoding; exact, since the value is in range."""
    return CONTEXT.copy().create_decimal(number) if number else _zero(number)


def _zero(number: Decimal) -> Decimal:
    """A zero keeps its sign; its exponent is brought into range, as IEEE 754 does."""
    sign, digits, exponent = number.as_tuple()
    assert isinstance(exponent, int)
    low, high = CONTEXT.Etiny(), CONTEXT.Etop()
    return Decimal((sign, digits, max(low, min(high, exponent))))
