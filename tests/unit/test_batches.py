"""Uploads: all or nothing, each bad line with its reason."""

import csv
import io
import itertools
import json
import tracemalloc
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries
from rows import KIND, ago, held, store
from sentences import sentence

from arithmetic.models import MathTask
from arithmetic.operations import OPERATIONS
from durable import services, uploads
from durable.batches import MAX_ROWS, BadBatch, Rows, counts
from durable.inserts import insert_many
from durable.models import Batch
from support.readings.models import Reading

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("plain_static")]
HEADER = "x,task_type,y\n"
GOOD = [{"x": "0.1", "task_type": "add", "y": "0.2"}, {"x": "6", "task_type": "divide", "y": "3"}]
Published = list[tuple[int, str]]


@pytest.fixture
def client() -> Client:
    """As a program: every failure is an answer, and there is no cookie to protect."""
    return Client(enforce_csrf_checks=True, raise_request_exception=False)


def upload(client: Client, body: Any, content_type: str = "text/csv", **headers: str) -> Any:
    """POST /api/batches."""
    data = body if isinstance(body, bytes | str) else json.dumps(body)
    return client.post("/api/batches", data, content_type=content_type, headers=headers)


def read_csv(stream: Any) -> Rows:
    """A CSV of the first kind."""
    return uploads.read_csv(KIND, stream)


def read_json(body: bytes) -> Rows:
    """JSON of the first kind."""
    return uploads.read_json(KIND, [body])


def stored() -> list[tuple[Any, ...]]:
    """The tasks, in order."""
    return list(MathTask.objects.order_by("id").values_list("x", "task_type", "y", "status", "queue"))


def rows_of(rows: Rows) -> list[tuple[Any, ...]]:
    """All of them."""
    return [tuple(row) for chunk in rows.chunks() for row in chunk]


def test_a_csv_file_becomes_a_batch(client: Client, published: Published) -> None:
    response = upload(client, HEADER + "0.1,add,.20\n 6 ,divide,3\n", **{"X-Request-ID": "r1"})
    batch = response.json()
    assert response.status_code == 201
    assert response["Location"] == f"/api/batches/{batch['id']}"
    assert batch["total"] == 2
    assert stored() == [
        ("0.1", "add", "0.20", "created", "batches"),
        ("6", "divide", "3", "created", "batches"),
    ]
    assert published == [(pk, "r1 batches") for pk in MathTask.objects.order_by("id").values_list("pk", flat=True)]
    found = client.get(response["Location"]).json()
    assert found == {
        **batch,
        "counts": {"scheduled": 0, "created": 2, "pending": 0, "success": 0, "failed": 0, "cancelled": 0},
    }


@pytest.mark.parametrize("body", [{"tasks": GOOD}, GOOD])
def test_json_becomes_a_batch(client: Client, published: Published, body: Any) -> None:
    assert upload(client, body, "application/json").status_code == 201
    assert [row[:3] for row in stored()] == [("0.1", "add", "0.2"), ("6", "divide", "3")]
    assert len(published) == 2


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


def test_the_same_key_gives_the_same_batch(client: Client, published: Published) -> None:
    body = HEADER + "1,add,2\n"
    first, again = (upload(client, body, **{"Idempotency-Key": "k"}) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    other = upload(client, HEADER + "1,add,3\n", **{"Idempotency-Key": "k"})
    assert other.status_code == 409
    assert "new key" in sentence(other)
    assert (Batch.objects.count(), len(published)) == (1, 1)


def test_a_failure_in_the_middle_stores_nothing(
    client: Client, published: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*given: Any) -> None:
        insert_many(*given)
        raise RuntimeError("a bug")

    monkeypatch.setattr(services, "insert_many", broken)
    response = upload(client, HEADER + "1,add,2\n")
    assert response.status_code == 500
    assert sentence(response)
    assert (Batch.objects.count(), MathTask.objects.count(), published) == (0, 0, [])


@pytest.mark.parametrize(("hours", "purged", "success"), [(0, 0, 4), (11, 0, 4), (25, 0, 4), (25, 3, 1)])
def test_a_batch_counts_its_tasks_also_where_some_are_purged(hours: float, purged: int, success: int) -> None:
    batch = Batch.objects.create(kind="mathtask", total=6, fingerprint="", create_time=ago(hours * 3600))
    ids = store(4, batch_id=batch.pk, status="success")
    store(batch_id=batch.pk, status="failed"), store(batch_id=batch.pk)
    MathTask.objects.filter(pk__in=ids[:purged]).delete()
    assert counts(batch) == {
        "scheduled": 0,
        "created": 1,
        "pending": 0,
        "success": success,
        "failed": 1,
        "cancelled": 0,
    }


def test_results_come_in_the_order_of_the_upload_also_while_it_runs(client: Client, published: Published) -> None:
    batch = upload(client, HEADER + "1,add,2\n3,divide,0\n5,add,6\n").json()["id"]
    store(2)
    held("w/1", batch_id=batch, queue="batches")
    ids = [task_id for task_id, _ in published]
    MathTask.objects.filter(pk=ids[0]).update(status="success", result="3")
    MathTask.objects.filter(pk=ids[1]).update(status="failed", error='Division by zero, "no" result.')
    response = client.get(f"/api/batches/{batch}/results.csv")
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"] == f'attachment; filename="batch-{batch}.csv"'
    body = b"".join(response.streaming_content).decode()  # type: ignore[attr-defined]
    assert list(csv.reader(io.StringIO(body))) == [
        ["id", "x", "task_type", "y", "status", "result", "error"],
        [str(ids[0]), "1", "add", "2", "success", "3", ""],
        [str(ids[1]), "3", "divide", "0", "failed", "", 'Division by zero, "no" result.'],
        [str(ids[2]), "5", "add", "6", "created", "", ""],
        [str(ids[2] + 3), "1", "add", "2", "pending", "", ""],
    ]


@pytest.mark.usefixtures("published")
def test_progress_costs_three_statements_however_large_the_batch(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for count in (1, 300):
        batch = upload(client, HEADER + "1,add,2\n" * count).json()["id"]
        with django_assert_num_queries(3):  # the batch, the claims, the counts
            assert client.get(f"/api/batches/{batch}").json()["counts"]["created"] == count


@pytest.mark.usefixtures("published")
def test_batches_are_listed_newest_first(client: Client) -> None:
    ids = [upload(client, HEADER + "1,add,2\n").json()["id"] for _ in range(3)][::-1]
    first = client.get("/api/batches?limit=2").json()
    assert [batch["id"] for batch in first["items"]] == ids[:2]
    second = client.get(f"/api/batches?before={first['next']}").json()
    assert ([batch["id"] for batch in second["items"]], second["next"]) == (ids[2:], None)


@pytest.mark.parametrize("path", ["", "/results.csv"])
@pytest.mark.parametrize("batch", [0, 7, 10**30])
def test_an_unknown_batch_is_not_found(client: Client, batch: int, path: str) -> None:
    response = client.get(f"/api/batches/{batch}{path}")
    assert response.status_code == 404
    assert str(batch) in sentence(response)


@pytest.mark.usefixtures("published")
def test_cancelling_a_batch_leaves_its_ended_tasks_and_the_other_ones(client: Client) -> None:
    batch = upload(client, HEADER + "1,add,2\n" * 3).json()["id"]
    other = store(2)
    ended = MathTask.objects.filter(batch_id=batch).first()
    assert ended
    MathTask.objects.filter(pk=ended.pk).update(status="success")
    assert client.post(f"/api/batches/{batch}/cancel").json() == {"changed": 2, "more": False}
    assert set(MathTask.objects.filter(pk__in=other).values_list("status", flat=True)) == {"created"}
    again = client.post(f"/api/batches/{batch}/cancel")
    assert again.status_code == 409
    assert sentence(again)


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


# Whatever somebody writes into a cell stays in that cell.
UNRULY = [
    "a\nb",
    "a\r\nb",
    "a,b",
    'a"b',
    "a\u2028b\u2029c",
    "a\x1eb\x1fc\x1cd\x85e",
    "\U0001f600é中",
    "\t ",
    "\\N",
    "\\",
    "%s %(x)s {0}",
]
UNRULY += ["'; DROP TABLE", "\ufeffa", "a\x0bb\x0c", "\u202eabc", "\ufffe\uffff", "=1+1"]


def unruly_rows(count: int) -> list[dict[str, str]]:
    """Texts with each of them, more than one chunk of rows."""
    languages = itertools.cycle(("en", "de", "zh"))
    return [
        {"text": f"{n}{text}{n}", "language": next(languages)} for n, text in zip(range(count), itertools.cycle(UNRULY))
    ]


@pytest.mark.usefixtures("published")
@pytest.mark.parametrize("content_type", ["text/csv", "application/json"])
def test_no_character_shifts_a_column(client: Client, content_type: str) -> None:
    rows = unruly_rows(2_500)
    text = io.StringIO(newline="")
    csv.writer(text).writerows([["text", "language"], *([row["text"], row["language"]] for row in rows)])
    body = text.getvalue() if content_type == "text/csv" else json.dumps(rows, ensure_ascii=False)
    response = client.post("/api/reading/batches", body.encode(), content_type)
    assert response.status_code == 201, response.content
    found = list(Reading.objects.order_by("id").values("text", "language"))
    assert found == rows
    told = client.get(f"/api/batches/{response.json()['id']}/results.csv")
    cells = csv.reader(io.StringIO(b"".join(told.streaming_content).decode(), newline=""))  # type: ignore[attr-defined]
    assert [line[1:4] for line in cells][1:] == [[row["text"], row["language"], "created"] for row in rows]


@pytest.mark.parametrize("text", ["a\0b", "\0", "\ud800", "a\udfffb"])
@pytest.mark.parametrize("column", ["text", "language"])
def test_what_is_no_text_is_refused_with_its_line_and_stores_nothing(client: Client, text: str, column: str) -> None:
    rows = [*unruly_rows(1_500), {"text": "a", "language": "en", column: text}]
    response = client.post("/api/reading/batches", json.dumps(rows), "application/json")
    assert response.status_code == 422
    assert [bad["line"] for bad in response.json()["lines"]] == [1_501]
    assert response.json()["lines"][0]["error"].startswith(f"{column}: ")
    body = "text,language\n" + "a,en\n" * 1_500 + {"text": f"{text},en", "language": f"a,{text}"}[column]
    response = client.post("/api/reading/batches", body.encode("utf-8", "surrogatepass"), "text/csv")
    assert response.status_code == 422
    assert "ine 1502" in sentence(response)
    assert (Batch.objects.count(), Reading.objects.count()) == (0, 0)


@pytest.mark.parametrize("lost", [1, -1, 1_000])
def test_a_batch_that_stores_another_number_of_rows_than_it_says_is_not_stored(
    client: Client, published: Published, monkeypatch: pytest.MonkeyPatch, lost: int
) -> None:
    def forgetful(kind: Any, batch: int, rows: Any) -> int:
        return insert_many(kind, batch, rows) - lost

    monkeypatch.setattr(services, "insert_many", forgetful)
    response = upload(client, HEADER + "1,add,2\n" * 1_500)
    assert response.status_code == 500
    assert sentence(response)
    assert (Batch.objects.count(), MathTask.objects.count(), published) == (0, 0, [])


@pytest.mark.skipif(connection.vendor != "sqlite", reason="only SQLite can leave a row out without a word")
def test_rows_that_the_database_does_not_store_are_noticed(client: Client, published: Published) -> None:
    with connection.cursor() as cursor:  # of each thousand, the database keeps 999
        cursor.execute(
            "CREATE TRIGGER lossy BEFORE INSERT ON math_task WHEN NEW.x = '13' BEGIN SELECT RAISE(IGNORE); END"
        )
    try:
        response = upload(client, HEADER + "".join(f"{n},add,2\n" for n in range(1_500)))
        assert response.status_code == 500
        assert (Batch.objects.count(), MathTask.objects.count(), published) == (0, 0, [])
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TRIGGER lossy")


FORMULAS = [
    "=1+1",
    "+1+1",
    "-1+1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "+cmd|' /C calc'!A0",
    "-",
    "+49 30 12345",
    "＝1+1",
    "--1",
    "-=1",
]
NUMBERS = ["-5", "+1E+3", "-0.1", "+7", "-1,5", "1E-400", "-1.5e300", "-.5"]


@pytest.mark.usefixtures("published")
def test_a_cell_that_a_spreadsheet_would_run_is_made_harmless(client: Client) -> None:
    rows = [{"text": text, "language": "en"} for text in (*FORMULAS, *NUMBERS, "a=1", " =1", "'=1")]
    batch = client.post("/api/reading/batches", json.dumps(rows), "application/json").json()["id"]
    Reading.objects.filter(batch_id=batch).update(status="failed", error="=HYPERLINK(1)")
    body = b"".join(client.get(f"/api/batches/{batch}/results.csv").streaming_content).decode()  # type: ignore[attr-defined]
    told = [(line[1], line[-1]) for line in csv.reader(io.StringIO(body, newline=""))][1:]
    expected = [*(f"'{text}" for text in FORMULAS if text != "-"), "-", *NUMBERS, "a=1", " =1", "'=1"]
    assert sorted(text for text, _ in told) == sorted(expected)
    assert {error for _, error in told} == {"'=HYPERLINK(1)"}


@pytest.mark.usefixtures("published")
def test_a_negative_result_stays_a_number(client: Client) -> None:
    batch = upload(client, HEADER + "-5,add,+1e3\n").json()["id"]
    MathTask.objects.update(status="success", result="-1E+3")
    body = b"".join(client.get(f"/api/batches/{batch}/results.csv").streaming_content).decode()  # type: ignore[attr-defined]
    assert body.splitlines()[1].endswith(",-5,add,1E+3,success,-1E+3,")
