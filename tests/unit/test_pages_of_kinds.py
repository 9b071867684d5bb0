"""The pages of kinds beside the first one: all of it is derived from what they declare."""

import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.test import Client
from people import client_of
from rows import store

from arithmetic.models import MathTask
from durable import stats
from durable.http import shell
from durable.models import Batch, Task
from durable.states import Status
from support.readings.models import Loan, Reading

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("plain_static")]
Published = list[tuple[int, str]]
LOAN = {"amount": "1200.50", "months": "12", "start": "2026-02-28", "plan": "flat", "note": "", "limit": ""}
FETCH = {"X-Requested-With": "fetch"}


@pytest.fixture
def client() -> Client:
    """A browser without a session; every failure is an answer."""
    return Client(raise_request_exception=False)


def text(response: Any) -> str:
    """The page."""
    return str(response.content.decode())


def make(model: type[Task], **fields: Any) -> Task:
    """A row of any kind."""
    values: dict[str, Any] = {"text": "some words", "language": "en"}
    if model is Loan:
        values = {"amount": "10", "months": 3, "start": "2026-01-01"}
    task: Task = model.objects.create(**{**values, **fields})
    return task


def test_each_kind_has_a_page_of_its_own_and_all_lead_to_all(client: Client) -> None:
    for path, labels in {"/": "Tasks", "/reading/": "Readings", "/loan/": "Loans"}.items():
        page = text(client.get(path))
        assert re.findall(r'<a href="(/|/reading/|/loan/)"( aria-current="page")?>(\w+)</a>\n', page) == [
            ("/", ' aria-current="page"' if path == "/" else "", "Tasks"),
            ("/reading/", ' aria-current="page"' if path == "/reading/" else "", "Readings"),
            ("/loan/", ' aria-current="page"' if path == "/loan/" else "", "Loans"),
        ]
        assert f">{labels}</h2>" in page
        own = path.rstrip("/")
        assert f'data-url="{own}/tasks/now?' in page
        assert f'data-url="/api{own}/stats"' in page
        for action in (f"{own}/tasks/act", f"{own}/batches/new#from-file", "/batches/cancel"):
            assert f'action="{action}"' in page


def test_the_form_has_the_control_that_fits_each_column(client: Client) -> None:
    reading, loan = text(client.get("/reading/")), text(client.get("/loan/"))
    assert re.search(r'<textarea name="text"[^>]* aria-describedby="id_text-help id_text-error" required', reading)
    assert "What is to be read." in reading
    assert re.findall(r'<option value="(\w\w)"[^>]*>(\w+)</option>', reading.split("</select>")[0]) == [
        ("en", "English"), ("de", "German"), ("zh", "Chinese"),
    ]  # fmt: skip
    assert re.search(r'<input type="number" name="amount"[^>]* step="0.01"', loan)
    assert re.search(r'<input type="date" name="start"', loan)
    assert re.search(r'<input type="checkbox" name="insured"', loan)
    assert re.search(r'<option value="flat" selected>', loan)
    assert re.findall(r'for="id_(\w+)">[^<]*<span class="optional">', loan) == ["note", "limit"]
    assert "maxlength" not in reading + loan


def test_a_sent_form_makes_a_task_of_its_kind(client: Client, published: Published) -> None:
    response = client.post("/loan/", {**LOAN, "insured": "on"})
    assert (response.status_code, response["Location"]) == (303, f"/loan/?made={Loan.objects.get().pk}")
    loan = Loan.objects.get()
    assert (str(loan.amount), loan.months, str(loan.start), loan.insured, loan.limit) == (
        "1200.50", 12, "2026-02-28", True, None,
    )  # fmt: skip
    made = client.post("/reading/", {"text": "a b c", "language": "de"}, headers=FETCH)
    assert (made.status_code, made["Location"]) == (201, f"/api/reading/{Reading.objects.get().pk}")
    assert [identity for identity, _ in published] == [loan.pk, Reading.objects.get().pk]
    assert MathTask.objects.count() == 0


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("amount", "much"), ("amount", "0"), ("amount", "1.234"), ("months", ""), ("months", "481"),
        ("months", "9" * 5000), ("start", "soon"), ("plan", "never"), ("note", "LOUD"), ("limit", "x"),
    ],
)  # fmt: skip
def test_bad_input_is_kept_with_a_sentence_beside_it(client: Client, field: str, value: str) -> None:
    response = client.post("/loan/", {**LOAN, field: value})
    assert (response.status_code, Loan.objects.count()) == (422, 0)
    errors = dict(re.findall(r'data-error-of="(\w+)">([^<]*)<', text(response)))
    assert [name for name, error in errors.items() if error] == [field]
    assert re.fullmatch(r"\S.+\.", errors[field])


def test_a_row_tells_what_its_kind_lists(client: Client) -> None:
    make(Reading, status=Status.SUCCESS, words=2, reading_seconds=0.5)
    make(Reading, status=Status.FAILED, error="Too 12 long.", reason=["Too {n} long.", {"n": 12}])
    page = text(client.get("/reading/tasks/now"))
    assert re.findall(r'<th scope="col">(\w[^<]*)</th>', page)[1:4] == ["Language", "Words", "Reading time"]
    assert re.findall(r'class="cell" data-label[^>]*>([^<]*)<', page) == ["English", "English"]
    assert re.findall(r'outcome" data-label="[^"]*">([^<]*)<', page) == ["2", "0.5"]
    assert re.search(r'class="cell" colspan="2"><span class="task-error">Too 12 long.<', page)


def test_the_list_is_narrowed_by_the_kinds_own_filters(client: Client) -> None:
    few, safe = make(Loan, months=3), make(Loan, months=24, insured=True)
    for query, ids in {
        "months=3": [few.pk],
        "insured=True": [safe.pk],
        "insured=False&months=3": [few.pk],
        f"months=24&id={safe.pk}": [safe.pk],
        f"months=3&id={safe.pk}": [],
    }.items():
        response = client.get(f"/loan/tasks/now?{query}")
        assert response.status_code == 200
        assert [int(found) for found in re.findall(r'data-id="(\d+)"', text(response))] == ids, query
    assert client.get("/loan/?task_type=add").status_code == 400
    assert client.get("/loan/?months=many").status_code == 400


def test_many_of_one_kind_are_changed_and_no_other(client: Client) -> None:
    store(2)
    make(Loan, months=3)
    assert "Months: 3" in text(client.get("/loan/tasks/many?action=cancel&months=3"))
    response = client.post("/loan/tasks/many?months=3", {"action": "cancel", "expected": "1"})
    assert (response.status_code, response["Location"]) == (303, "/loan/?months=3#tasks-heading")
    assert Loan.objects.get().status == Status.CANCELLED
    assert MathTask.objects.filter(status=Status.CREATED).count() == 2


def test_one_is_cancelled_and_leads_back_to_its_list(client: Client) -> None:
    (same_number,), loan = store(), make(Loan)
    response = client.post("/loan/tasks/act", {"cancel": loan.pk, "query": "plan=flat"})
    assert response["Location"] == "/loan/?plan=flat#tasks-heading"
    assert (Loan.objects.get().status, MathTask.objects.get(pk=same_number).status) == ("cancelled", "created")


def test_an_upload_becomes_a_batch_of_its_kind(client: Client, published: Published) -> None:
    page = text(client.get("/reading/"))
    assert "a line text,language first" in page
    file = SimpleUploadedFile("a.csv", b'language,text\nen,"one, two"\n')
    response = client.post("/reading/batches/new", {"file": file})
    batch = Batch.objects.get()
    assert (batch.kind, response["Location"]) == ("reading", f"/batches/{batch.pk}")
    assert Reading.objects.get().text == "one, two"
    assert batch.file_name == "a.csv"
    assert f'href="/reading/?batch={batch.pk}#tasks-heading"' in text(client.get(f"/batches/{batch.pk}"))
    shell.forget()  # a second passes
    assert f"Batch {batch.pk}" in text(client.get("/reading/"))
    assert f"Batch {batch.pk}" not in text(client.get("/"))
    cancelled = client.post("/batches/cancel", {"batch": batch.pk})
    assert cancelled["Location"] == f"/batches/{batch.pk}"
    assert Reading.objects.get().status == Status.CANCELLED


def test_a_batch_of_a_kind_that_is_gone_is_not_found(client: Client) -> None:
    batch = Batch.objects.create(kind="gone", total=1, fingerprint="")
    assert client.get(f"/batches/{batch.pk}").status_code == 404
    assert client.post("/batches/cancel", {"batch": batch.pk}).status_code == 404
    assert client.get("/").status_code == 200


def test_an_operator_pauses_and_resumes_one_kind_by_a_button(client: Client) -> None:
    operator = client_of("user operator")
    assert b"Pause these tasks" in operator.get("/reading/").content
    assert b"Pause these tasks" not in client.get("/reading/").content
    answer = operator.post("/reading/tasks/pause", {"query": "status=created"})
    assert (answer.status_code, answer["Location"]) == (303, "/reading/?status=created#tasks-heading")
    page = operator.get("/reading/").content
    assert b"Resume these tasks" in page
    assert b"These tasks are paused" in page
    assert b"These tasks are paused" not in operator.get("/").content
    operator.post("/reading/tasks/resume", {"query": ""})
    assert b"These tasks are paused" not in operator.get("/reading/").content
    assert operator.post("/reading/tasks/pause", {"kind": "mathtask"}).status_code == 422


def test_a_program_pauses_and_resumes_by_the_api(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stats, "memories", {})  # what another test saw is remembered for a second
    operator = client_of("token operator")
    assert operator.post("/api/reading/pause").json() == {"paused": True, "changed": True}
    assert operator.post("/api/reading/pause").json() == {"paused": True, "changed": False}
    assert client.get("/api/reading/stats").json()["paused"] is True
    assert operator.post("/api/reading/resume").json() == {"paused": False, "changed": True}
    assert client.post("/api/reading/pause").status_code == 401


def test_a_kind_that_there_is_not_is_not_paused() -> None:
    with pytest.raises(CommandError, match="There is no kind nothing: name one of mathtask"):
        call_command("pause", "nothing")
