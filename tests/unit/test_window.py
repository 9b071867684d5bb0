"""A JSON text read through a window is the same as read whole, and costs no memory."""

import itertools
import json
import re
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from durable.window import LONGEST, TooLong, Window

COMMA, OPENING, CLOSING = re.compile(","), re.compile(r"\["), re.compile("]")
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
)


def read(texts: Iterator[str]) -> list[Any]:
    """A list, value by value."""
    window, values = Window(texts), list[Any]()
    assert window.take(OPENING)
    while not window.take(CLOSING):
        assert not values or window.take(COMMA)
        values.append(window.value())
    assert window.ended()
    return values


@given(st.lists(VALUES, max_size=5), st.integers(1, 9), st.booleans())
def test_whatever_its_pieces_are_a_text_says_the_same(values: list[Any], size: int, spaced: bool) -> None:
    text = json.dumps(values, ensure_ascii=size % 2 == 0, indent=3 if spaced else None)
    assert read(text[place : place + size] for place in range(0, len(text), size)) == values


def test_values_may_be_spread_over_many_windows() -> None:
    values = [{"n": n, "text": "x" * (n % 1_000)} for n in range(500)]
    text = json.dumps(values)
    assert read(text[place : place + 700] for place in range(0, len(text), 700)) == values


@pytest.mark.parametrize(("more", "fits"), [(0, True), (1, False)])
def test_a_value_may_be_as_long_as_that_and_no_longer(more: int, fits: bool) -> None:
    value = "x" * (LONGEST - 2 + more)
    window = Window(iter([json.dumps(value), ",1]"]))
    if fits:
        assert window.value() == value
    else:
        with pytest.raises(TooLong):
            window.value()


@pytest.mark.parametrize("text", ["{", '{"x" 1}', '"a\nb"', "tru", "[1,", "nothing"])
@pytest.mark.parametrize("rest", ["", " " * 20_000, "]" * 20_000])
def test_what_is_wrong_is_wrong_and_not_too_long(text: str, rest: str) -> None:
    if text in ("{", "[1,") and rest:
        rest = ";" + rest
    with pytest.raises(ValueError, match=r"\S"):
        Window(iter([text, rest])).value()


@pytest.mark.parametrize("begin", ['"', "9", "[1,", '{"a":', '{"0":0,', '"\\u00', "[[1],", "[true,false,"])
@pytest.mark.parametrize("length", range(12))
def test_a_long_value_is_told_as_long_wherever_the_window_cuts_it(begin: str, length: int) -> None:
    unit = {'"': "x", "9": "9", "[1,": "1,", '{"a":': '{"a":', '{"0":0,': '"0":0,', '"\\u00': "00\\u00"}.get(begin)
    body = begin + (unit or begin[1:]) * 30_000
    texts = iter([body[: LONGEST + length], body[LONGEST + length :]])
    with pytest.raises((TooLong, RecursionError, ValueError)) as error:
        Window(texts).value()
    assert error.type in ((TooLong, RecursionError) if begin != "9" else (TooLong, ValueError))


def test_ten_megabytes_of_one_value_cost_a_window() -> None:
    endless = itertools.chain(['[{"0":0'], itertools.repeat(',"0":0' * 10_000))
    window = Window(endless)
    assert window.take(OPENING)
    tracemalloc.start()
    with pytest.raises(TooLong):
        window.value()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1_000_000
