"""Whatever stands in a cell of an upload comes back as it was, and no spreadsheet runs it."""

import csv
import io
import itertools
import json

import pytest
from django.test import Client
from sentences import sentence
from uploading import HEADER, upload
from uploading import program as program  # a fixture

from arithmetic.models import MathTask
from durable.models import Batch
from support.readings.models import Reading

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("plain_static")]
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
