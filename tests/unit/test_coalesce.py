"""Requests for the same public answer that come at once share one."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.utils.translation import override

from durable.http.coalesce import coalesce, public
from support.waiting import wait_for

PUBLIC = {"Cache-Control": "public, max-age=1"}


class Page:
    """A view that answers once it may."""

    def __init__(self, status: int = 200, headers: dict[str, str] | None = None) -> None:
        self.calls, self.status, self.headers = 0, status, PUBLIC if headers is None else headers
        self.may = threading.Event()

    def __call__(self, request: HttpRequest) -> HttpResponse:
        self.calls += 1
        number = self.calls
        assert self.may.wait(10)
        return HttpResponse(f"{number}", status=self.status, headers=self.headers)


def together(page: Page, requests: list[HttpRequest], calls: int) -> list[HttpResponse]:
    """All at once, and the answers; the view is called so often before it gives the first."""
    view = coalesce(page)
    with ThreadPoolExecutor(len(requests)) as pool:
        first = pool.submit(view, requests[0])
        wait_for(lambda: page.calls == 1, 10, "the first one is being answered")
        others = [pool.submit(view, request) for request in requests[1:]]
        wait_for(lambda: page.calls == calls, 10, "those that share nothing are being answered")
        page.may.set()
        return [first.result(10), *(other.result(10) for other in others)]


def get(path: str = "/api/tasks?limit=5", **headers: str) -> HttpRequest:
    """A request."""
    return RequestFactory().get(path, headers=headers)


def test_four_at_once_cost_one_and_each_has_its_own_answer() -> None:
    page = Page()
    answers = together(page, [get() for _ in range(4)], calls=1)
    assert (page.calls, {answer.content for answer in answers}) == (1, {b"1"})
    assert len({id(answer) for answer in answers}) == 4
    assert all(answer["Cache-Control"] == PUBLIC["Cache-Control"] for answer in answers)


def test_the_next_one_is_answered_anew() -> None:
    page, request = Page(), get()
    page.may.set()
    view = coalesce(page)
    assert [view(request).content for _ in range(3)] == [b"1", b"2", b"3"]


@pytest.mark.parametrize(
    "other",
    [
        get("/api/tasks?limit=6"),
        get(**{"Cache-Control": "no-cache"}),  # a creator, who wants to see its own task
        get(Authorization="Bearer abacus_1"),
        get(Cookie="sessionid=1"),
        get("/api/tasks/1"),
        RequestFactory().post("/api/tasks?limit=5"),
    ],
    ids=["another address", "no-cache", "a token", "a session", "a single task", "POST"],
)
def test_what_is_not_the_same_is_not_shared(other: HttpRequest) -> None:
    assert {answer.content for answer in together(Page(), [get(), other], calls=2)} == {b"1", b"2"}


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("plain_static")
@pytest.mark.parametrize("path", sorted(public()))
def test_what_is_shared_is_there_and_is_the_same_for_everyone(client: Client, path: str) -> None:
    answer = client.get(path if path.startswith("/api/") else f"{path}?lang=en")
    assert answer.status_code == 200
    assert "public" in answer["Cache-Control"]


def test_one_who_reads_another_language_has_an_answer_of_its_own() -> None:
    def read(view: Callable[[HttpRequest], HttpResponse], language: str) -> HttpResponse:
        with override(language):
            return view(get("/tasks/now?lang=xx"))

    page = Page()
    view = coalesce(page)
    with ThreadPoolExecutor(4) as pool:
        reading = [pool.submit(read, view, language) for language in ("en", "zh-hans", "en", "zh-hans")]
        wait_for(lambda: page.calls == 2, 10, "one of each language is being answered")
        page.may.set()
        first, second, third, fourth = (each.result(10).content for each in reading)
    assert (first, second) == (third, fourth)
    assert first != second


@pytest.mark.parametrize(("status", "headers"), [(200, {}), (200, {"Cache-Control": "no-store"}), (404, PUBLIC)])
def test_an_answer_that_is_personal_or_a_failure_is_not_shared(status: int, headers: dict[str, str]) -> None:
    page = Page(status, headers)
    answers = together(page, [get(), get()], calls=1)
    assert sorted(answer.content for answer in answers) == [b"1", b"2"]


def test_those_who_waited_while_the_database_was_away_do_not_wait_once_more() -> None:
    page = Page(503)
    first, *others = together(page, [get() for _ in range(3)], calls=1)
    assert (page.calls, first.content) == (1, b"1")
    for other in others:
        assert (other.status_code, other["Retry-After"]) == (503, "5")
        assert b"The database is away for a moment" in other.content


def test_those_who_waited_for_one_that_failed_are_answered_themselves() -> None:
    def broken(request: HttpRequest) -> HttpResponse:
        if not page.may.is_set():
            page(request)
            raise ValueError
        return HttpResponse("well")

    page = Page()
    view = coalesce(broken)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(view, get())
        wait_for(lambda: page.calls == 1, 10, "the first one is being answered")
        second = pool.submit(view, get())
        page.may.set()
        with pytest.raises(ValueError):
            first.result(10)
        assert second.result(10).content == b"well"
