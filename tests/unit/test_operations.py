import operator
import re
from collections.abc import Callable
from decimal import ROUND_UP, Context, Decimal, Inexact, localcontext
from fractions import Fraction

import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from arithmetic.operations import MAX_TEXT, OPERATIONS, OperationError, apply, canonical, parse

SENTENCE = r"^[A-Z].*\.$"

# Independent of decimal; an operation added to OPERATIONS need not be here.
EXACTLY: dict[str, Callable[[Fraction, Fraction], Fraction]] = {
    "add": operator.add,
    "minus": operator.sub,
    "multiply": operator.mul,
    "divide": operator.truediv,
}

# A busy machine pauses for longer than Hypothesis lets one example take.
patiently = settings(deadline=None)

names = st.sampled_from(sorted(OPERATIONS))
integers = st.integers(-(10**34) + 1, 10**34 - 1)
# All of decimal128: 34 digits with an exponent of -6176 to 6111; near ones meet more often.
numbers = st.builds(
    "{}{}E{}".format,
    st.sampled_from(["", "-", "+"]),
    st.integers(0, 10**34 - 1),
    st.integers(-40, 40) | st.integers(-6176, 6111),
)
texts = st.text() | st.text("0123456789+-.eE _xnNaAiIfFsStTyY٣５\n") | numbers


def test_a_tenth_and_two_tenths_are_three_tenths() -> None:
    assert apply("add", "0.1", "0.2") == "0.3"


@pytest.mark.parametrize(("name", "result"), [("add", "8"), ("minus", "-2"), ("multiply", "15"), ("divide", "0.6")])
def test_it_does_what_its_name_says(name: str, result: str) -> None:
    assert apply(name, "3", "5") == result


def test_a_third_has_34_digits() -> None:
    assert apply("divide", "1", "3") == "0." + 34 * "3"


@pytest.mark.parametrize(("last_digit", "rounded"), [("1", "2"), ("2", "2"), ("3", "4")])
def test_a_half_goes_to_the_even_neighbour(last_digit: str, rounded: str) -> None:
    digits = "1" + 32 * "0"
    assert apply("add", digits + last_digit, "0.5") == digits + rounded


def test_the_largest_and_the_smallest_number_are_accepted() -> None:
    largest = "9." + 33 * "9" + "E+6144"
    assert apply("multiply", largest, "1") == largest
    assert apply("multiply", "1E-6176", "1") == "1E-6176"


@pytest.mark.parametrize(
    ("name", "x", "y", "reason"),
    [
        ("divide", "1", "0", "zero"),
        ("divide", "-1", "0.00", "zero"),
        ("divide", "0", "0", "Zero"),
        ("multiply", "1e6144", "10", "too large"),
        ("divide", "1e6144", "0.1", "too large"),
        ("add", "9e6144", "9e6144", "too large"),
        ("minus", "-9e6144", "9e6144", "too large"),
    ],
)
def test_what_has_no_result_fails_with_a_sentence(name: str, x: str, y: str, reason: str) -> None:
    with pytest.raises(OperationError, match=SENTENCE) as failure:
        apply(name, x, y)
    assert reason in str(failure.value)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("  5 ", "5"),
        ("\t5\n", "5"),
        ("+5", "5"),
        ("-5", "-5"),
        ("5.", "5"),
        (".5", "0.5"),
        ("007", "7"),
        ("1.50", "1.50"),
        ("1e3", "1E+3"),
        ("1E-0000000000000000003", "0.001"),
        (40 * "0" + "1", "1"),
        ("-0", "-0"),
        ("1e6144", "1." + 33 * "0" + "E+6144"),
        ("0e9999", "0E+6111"),
        ("0e-9999", "0E-6176"),
    ],
)
def test_it_reads_the_ways_people_write_a_number(text: str, number: str) -> None:
    assert str(parse(text)) == canonical(text) == number


@pytest.mark.parametrize(
    "text",
    [
        *["", "   ", "abc", "1,5", "1_000", "1 000", "1.2.3", "--1", "+-1", "−1", "1-", "1/2", "½"],
        *["0x10", "0b1", "٣", "５", "1\x00", ".", "+", "e5", "1e", "1e+", "1e1.5", "()", "1\n2"],
    ],
)
def test_it_refuses_what_is_no_number_with_a_sentence(text: str) -> None:
    with pytest.raises(OperationError, match=SENTENCE):
        parse(text)


@pytest.mark.parametrize("text", ["NaN", "nan", "-NaN", "sNaN", "NaN123", "Infinity", "-infinity", "inf", "+Inf"])
def test_it_refuses_what_is_not_finite_with_a_sentence(text: str) -> None:
    with pytest.raises(OperationError, match=SENTENCE) as refusal:
        parse(text)
    assert "finite" in str(refusal.value)


@pytest.mark.parametrize("text", [40 * "1", "1." + 34 * "0", "0." + 35 * "7", "1" + 34 * "0"])
def test_it_refuses_more_than_34_digits_with_a_sentence(text: str) -> None:
    with pytest.raises(OperationError, match=SENTENCE) as refusal:
        parse(text)
    assert "34" in str(refusal.value)


@pytest.mark.parametrize(
    "text",
    [
        *["1e9999", "-1e9999", "1e-9999", "1e6145", "10e6144", "1e-6177", "12e-6177"],
        *["1e" + 30 * "9", "1e-" + 30 * "9", "1e" + 10_000 * "9"],
    ],
)
def test_it_refuses_an_exponent_out_of_range_with_a_sentence(text: str) -> None:
    with pytest.raises(OperationError, match=SENTENCE) as refusal:
        parse(text)
    assert "exponent" in str(refusal.value)


def test_a_refused_operand_refuses_the_operation() -> None:
    for x, y in [("abc", "1"), ("1", "abc")]:
        with pytest.raises(OperationError, match=SENTENCE):
            apply("add", x, y)


def test_there_is_no_result_for_an_unknown_operation() -> None:
    with pytest.raises(KeyError):
        apply("nonsense", "1", "2")


def test_each_operation_has_a_symbol_of_its_own() -> None:
    symbols = [operation.symbol for operation in OPERATIONS.values()]
    assert all(symbol.strip() for symbol in symbols)
    assert len(set(symbols)) == len(symbols)


def test_the_decimal_settings_of_the_thread_do_not_matter() -> None:
    with localcontext(Context(prec=2, rounding=ROUND_UP, traps=[Inexact])):
        assert apply("divide", "2", "3") == "0." + 33 * "6" + "7"


@patiently
@given(texts)
def test_any_text_is_a_number_or_is_refused_with_a_sentence(text: str) -> None:
    try:
        number = parse(text)
    except OperationError as refusal:
        assert re.search(SENTENCE, str(refusal))
    else:
        assert number.is_finite()
        assert len(number.as_tuple().digits) <= 34


@patiently
@given(numbers)
def test_a_number_is_read_exactly_and_its_text_is_read_as_the_same_number(text: str) -> None:
    number = parse(text)
    assert number == Decimal(text)
    assert parse(str(number)).as_tuple() == number.as_tuple()
    assert len(str(number)) <= MAX_TEXT


@patiently
@given(names, numbers, numbers)
def test_a_result_is_read_as_the_same_number(name: str, x: str, y: str) -> None:
    try:
        result = apply(name, x, y)
    except OperationError:
        reject()
    assert str(parse(result)) == result
    assert len(result) <= MAX_TEXT


@patiently
@given(st.sampled_from(["add", "multiply"]), numbers, numbers)
def test_the_order_of_addends_and_factors_does_not_matter(name: str, x: str, y: str) -> None:
    assert outcome(name, x, y) == outcome(name, y, x)


@patiently
@given(st.sampled_from(sorted(EXACTLY)), integers, integers)
def test_it_agrees_to_the_digit_with_exact_fractions(name: str, x: int, y: int) -> None:
    try:
        exact = EXACTLY[name](Fraction(x), Fraction(y))
    except ZeroDivisionError:
        reject()
    assert Fraction(apply(name, str(x), str(y))) == rounded(exact)


def outcome(name: str, x: str, y: str) -> str:
    """The result, or else the sentence."""
    try:
        return apply(name, x, y)
    except OperationError as error:
        return str(error)


def rounded(exact: Fraction) -> Fraction:
    """To 34 significant digits; round() takes a half to the even neighbour."""
    unit = Fraction(1)
    while abs(exact) >= 10**34 * unit:
        unit *= 10
    while 0 < abs(exact) < 10**33 * unit:
        unit /= 10
    return round(exact / unit) * unit
