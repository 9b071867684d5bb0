"""Batches as pages: how far each is, why tasks of it failed, and what can be done about it."""

import re

import pytest
from django.test import Client
from rows import states, store

from durable.http.batch_pages import parts
from durable.models import Batch
from durable.states import Status

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("plain_static")]


def batch_of(**counts: int) -> Batch:
    """One with so many tasks in each state."""
    made = Batch.objects.create(kind="mathtask", total=sum(counts.values()), fingerprint="", file_name="numbers.csv")
    for status, count in counts.items():
        store(count, status=status, error="Division by zero." if status == "failed" else "", batch=made)
    return made


def page(path: str) -> str:
    """The page as text, without tags, and with single spaces."""
    response = Client().get(path)
    assert response.status_code == 200, response.content
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def test_it_tells_each_outcome_and_never_that_all_is_well() -> None:
    batch = batch_of(success=1, failed=2, cancelled=3)
    text = page(f"/batches/{batch.pk}")
    for told in ("All 6 have ended", "success 1", "failed 2", "cancelled 3", "numbers.csv"):
        assert told in text, told
    html = Client().get(f"/batches/{batch.pk}").content.decode()
    assert re.findall(r'<rect data-status="(\w+)"', html) == ["success", "failed", "cancelled"]
    assert 'aria-label="1 success, 2 failed, 3 cancelled"' in html


def test_while_it_runs_it_tells_its_rate_and_what_is_left() -> None:
    batch = batch_of(success=5, created=5)
    assert re.search(r"5 of 10 ended .* since it was created, about .* left", page(f"/batches/{batch.pk}"))
    assert "None has ended yet." in page(f"/batches/{batch_of(created=2).pk}")


def test_what_failed_is_grouped_can_be_tried_again_and_is_downloaded_by_itself() -> None:
    batch = batch_of(success=1, failed=2)
    html = Client().get(f"/batches/{batch.pk}").content.decode()
    assert "2 ×" in html
    assert f"action=retry&amp;status=failed&amp;error=Division%20by%20zero.&amp;batch={batch.pk}" in html
    assert f"/tasks/many?action=retry&amp;batch={batch.pk}&amp;status=failed" in html
    lines = Client().get(f"/api/batches/{batch.pk}/results.csv?status=failed").getvalue().decode().split("\r\n")
    assert [line.split(",")[4] for line in lines[1:-1]] == ["failed", "failed"]


def test_all_are_listed_newest_first_page_by_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("durable.http.batch_pages.PAGE", 2)
    ids = [batch_of(created=1).pk for _ in range(3)]
    first = Client().get("/batches").content.decode()
    assert re.findall(r'id="batch-(\d+)"', first) == [str(ids[2]), str(ids[1])]
    older = re.findall(r'rel="next" href="([^"]+)"', first)[0]
    assert re.findall(r'id="batch-(\d+)"', Client().get(older).content.decode()) == [str(ids[0])]


def test_one_that_is_not_there_is_not_found() -> None:
    assert Client().get("/batches/999").status_code == 404
    assert Client().get(f"/batches/{10**30}").status_code == 404


@pytest.mark.parametrize("path", ["/batches?before=1&x=1", "/batches/BATCH?x=1", "/batches/BATCH/now?x=1"])
def test_what_is_not_known_is_refused(path: str) -> None:
    response = Client().get(path.replace("BATCH", str(batch_of(created=1).pk)))
    assert (response.status_code, "There is no filter x." in response.content.decode()) == (400, True)


def test_even_one_of_a_hundred_thousand_can_be_seen_in_the_bar() -> None:
    found = parts({**dict.fromkeys(Status.values, 0), "success": 99_999, "failed": 1}, 100_000)
    assert [(part["status"], part["width"] >= 4) for part in found] == [("success", True), ("failed", True)]


def test_chosen_rows_are_cancelled_and_tried_again_together(published: list[tuple[int, str]]) -> None:
    first, second, rest = store(3)
    client = Client()
    assert client.post("/tasks/chosen", {"id": [first, second], "action": "cancel", "query": ""}).status_code == 303
    assert states([first, second, rest]) == ["cancelled", "cancelled", "created"]
    assert client.post("/tasks/chosen", {"id": [second, rest], "action": "retry"}).status_code == 303
    assert states([first, second, rest]) == ["cancelled", "created", "created"]
    assert client.post("/tasks/chosen", {"id": ["x"], "action": "retry"}).status_code == 422
    assert client.post("/tasks/chosen", {"id": [first], "action": "delete"}).status_code == 422
