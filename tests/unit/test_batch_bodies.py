"""The body of an upload: read as programs write it, or refused whole, each bad line with its reason."""

import csv
import io
import json
import tracemalloc
from typing import Any

import pytest
from django.test import Client
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sentences import sentence
from uploading import GOOD, HEADER, Published, read_csv, read_json, upload
from uploading import program as program  # a fixture

from arithmetic.models import MathTask
from arithmetic.operations import OPERATIONS
from durable.batches import MAX_ROWS, BadBatch, Rows
from durable.models import Batch

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("plain_static")]


def rows_of(rows: Rows) -> list[tuple[Any, ...]]:
    """All of them."""
    return [tuple(row) for chunk in rows.chunks() for row in chunk]


READABLE = {
    "a BOM": b"\xef\xbb\xbfx,task_type,y\n1,add,2\n",
    "CRLF": b"x,task_type,y\r\n1,add,2\r\n",
    "no last newline": b"x,task_type,y\n1,add,2",
    "quotes": b'"x","task_type","y"\n"1","add","2"\n',
    "another order": b"y,x,task_type\n2,1,add\n",
    "empty lines": b"x,task_type,y\n\n1,add,2\n\n\n",
}


@pytest.mark.parametrize("kind", READABLE)
def test_csv_as_programs_write_it_is_read(kind: str) -> None:
    assert rows_of(read_csv(io.BytesIO(READABLE[kind]))) == [("1", "add", "2")]


BAD: dict[str, tuple[str | bytes, str, str]] = {
    "a header alone": (HEADER, "text/csv", "no task"),
    "no header": ("1,add,2\n", "text/csv", "first line has to be x,task_type,y"),
    "a column twice": ("x,x,task_type,y\n1,1,add,2\n", "text/csv", "first line"),
    "a missing column": ("x,task_type\n1,add\n", "text/csv", "first line"),
    "UTF-16": ((HEADER + "1,add,2\n").encode("utf-16"), "text/csv", "UTF-16"),
    "UTF-16 without a BOM": ((HEADER + "1,add,2\n").encode("utf-16-le"), "text/csv", "NUL"),
    "Latin-1": ((HEADER + "1,add,2\xe9\n").encode("latin-1"), "text/csv", "Line 2 is not in UTF-8"),
    "a NUL": (HEADER + "1\0,add,2\n", "text/csv", "NUL"),
    "an open quote": (HEADER + '"1,add,2\n', "text/csv", "not CSV"),
    "old Mac newlines": ("x,task_type,y\r1,add,2\r", "text/csv", "not CSV"),
    "a huge field": (HEADER + "1" * 200_000 + ",add,2\n", "text/csv", "The task on line 2 is longer than 16,384"),
    "no JSON": (b"{x", "application/json", "Send JSON"),
    "half a JSON": (b'{"tasks": [{"x": "1", "task_type": "add", "y": "2"}', "application/json", "Task 2"),
    "a rest": (b'[{"x": "1", "task_type": "add", "y": "2"}] 7', "application/json", "Task 2"),
    "other keys": (b'{"rows": []}', "application/json", "Send JSON"),
    "an empty list": (b'{"tasks": []}', "application/json", "no task"),
    "too deep": (b'{"tasks": [' + b"[" * 100_000, "application/json", "Task 1"),
    "a huge integer": (b'{"tasks": [' + b"9" * 10_000 + b"]}", "application/json", "Task 1"),
    "UTF-16 JSON": ('{"tasks": []}'.encode("utf-16"), "application/json", "UTF-8"),
}


@pytest.mark.parametrize("kind", BAD)
def test_what_cannot_be_read_is_refused_whole(client: Client, published: Published, kind: str) -> None:
    body, content_type, words = BAD[kind]
    response = upload(client, body, content_type)
    assert response.status_code == 422
    assert words in sentence(response)
    assert (Batch.objects.count(), MathTask.objects.count(), published) == (0, 0, [])


def test_an_empty_body_is_refused_with_a_sentence() -> None:
    with pytest.raises(BadBatch, match="first line has to be"):
        read_csv(io.BytesIO(b""))
    with pytest.raises(BadBatch, match="Send JSON"):
        read_json(b"")


@pytest.mark.parametrize("content_type", ["text/plain", "multipart/form-data; boundary=x", "", "application/xml"])
def test_another_type_is_refused_with_a_sentence(client: Client, content_type: str) -> None:
    response = upload(client, HEADER + "1,add,2\n", content_type)
    assert response.status_code == 415
    assert "text/csv" in sentence(response)


def test_each_bad_line_is_named_with_its_reason(client: Client, published: Published) -> None:
    lines = ["1,add,2", "abc,add,2", "1,modulo,2", "1,add", "1,add,2,3", "1,add,1e9999", ",add,2", "NaN,add,2"]
    response = upload(client, HEADER + "\n".join(lines))
    assert response.status_code == 422
    found = response.json()
    assert "7 of 8" in sentence(response)
    assert found["bad"] == 7
    assert [bad["line"] for bad in found["lines"]] == [3, 4, 5, 6, 7, 8, 9]
    reasons = [bad["error"] for bad in found["lines"]]
    assert all(reason.endswith(".") for reason in reasons)
    assert reasons[0].startswith("x: Type a number")
    assert "modulo" not in reasons[1]
    assert ", ".join(OPERATIONS) in reasons[1]
    assert "exactly x, task_type and y" in reasons[2]
    assert "y: " in reasons[4]
    assert (MathTask.objects.count(), published) == (0, [])


def test_bad_tasks_in_json_are_named_by_their_number(client: Client) -> None:
    body = [*GOOD, 7, {"x": 1, "task_type": "add", "y": "2"}, {"x": "1", "task_type": ["add"], "y": "2"}, {}]
    found = upload(client, body, "application/json").json()
    assert [bad["line"] for bad in found["lines"]] == [3, 4, 5, 6]
    assert "as a string" in found["lines"][1]["error"]


def test_a_hundred_thousand_bad_lines_are_capped_and_it_says_so(client: Client) -> None:
    response = upload(client, HEADER + "x,add,2\n" * MAX_ROWS)
    found = response.json()
    assert response.status_code == 422
    assert (len(found["lines"]), found["bad"]) == (100, MAX_ROWS)
    assert "99,900 more" in sentence(response)
    assert len(response.content) < 20_000


@pytest.mark.parametrize("line", ["1,add,2\n", "bad\n"])
def test_one_row_too_many_is_refused(line: str) -> None:
    with pytest.raises(BadBatch, match="at most 100,000"):
        read_csv(io.BytesIO((HEADER + line * (MAX_ROWS + 1)).encode()))


def test_a_body_over_the_limit_is_refused(client: Client) -> None:
    response = upload(client, HEADER + "1,add,2\n" * 1_400_000)
    assert response.status_code == 413
    assert "large" in sentence(response)


def test_memory_stays_flat_over_the_largest_upload() -> None:
    lines = [b"1234567890.123456789,multiply,-0.000123456789\n"] * MAX_ROWS
    tracemalloc.start()
    rows = read_csv(iter([HEADER.encode(), *lines]))
    kept, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(rows) == MAX_ROWS
    assert kept < 8_000_000
    assert peak < 10_000_000


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused_with_a_sentence(data: bytes) -> None:
    for body in (data, HEADER.encode() + data):
        try:
            read_csv(io.BytesIO(body))
        except BadBatch as error:
            assert str(error).endswith(".")
    try:
        read_json(data)
    except BadBatch as error:
        assert str(error).endswith(".")


@hypothesis_settings(suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.tuples(st.decimals(allow_nan=False, allow_infinity=False, places=3), st.sampled_from(list(OPERATIONS))))
)
def test_what_a_csv_writer_writes_is_read_back(values: list[tuple[Any, str]]) -> None:
    text = io.StringIO()
    small = [(str(number), name) for number, name in values if len(str(number)) < 30]
    csv.writer(text).writerows([["x", "task_type", "y"], *([x, name, x] for x, name in small)])
    if small:
        assert [(x, name) for x, name, _ in rows_of(read_csv(io.BytesIO(text.getvalue().encode())))] == small


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["x", "y", "task_type", "z"]), inner)
        ),
        max_leaves=8,
    )
)
def test_any_json_is_read_or_refused_with_a_sentence(value: Any) -> None:
    for body in (value, [value], {"tasks": [value]}):
        try:
            read_json(json.dumps(body).encode())
        except BadBatch as error:
            assert str(error).endswith(".")
            assert all(bad["error"].endswith(".") for bad in error.lines)
