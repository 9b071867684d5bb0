"""HAProxy's caches: many viewers cost as much as one, nobody sees what is another's or older than a second."""

import re
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from support.http import Answer, ask, create
from support.stack import Stack
from support.waiting import wait_for

CACHED = ["/api/tasks", "/api/tasks?status=success", "/api/stats", "/tasks/now?lang=en", "/activity/now?lang=en"]
# Personal, or to be true at this moment.
NOT_CACHED = [
    "/",
    "/tasks",
    "/tasks/now",
    "/batches",
    "/activity",
    "/api/tasks/1",
    "/admin/login/",
    "/ready",
    "/health",
]


def style(stack: Stack) -> str:
    """The address of the page's style sheet."""
    found = re.search(r'href="(/static/[^"]+\.css)"', ask("GET", f"{stack.url}/").body.decode())
    assert found
    return found[1]


def from_cache(answer: Answer) -> bool:
    """HAProxy tells the age of what it has kept."""
    return "age" in answer.headers


def kept(stack: Stack, path: str, **headers: str) -> bool:
    """Whether the cache answers one of three requests: the first may fill it, the second find it a second old."""
    return any(from_cache(ask("GET", f"{stack.url}{path}", headers=headers)) for _ in range(3))


@pytest.mark.parametrize("path", CACHED)
def test_what_is_the_same_for_everyone_is_answered_by_the_cache(stack: Stack, path: str) -> None:
    wait_for(partial(kept, stack, path), 10, f"{path} comes from the cache")


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
def test_static_files_are_answered_by_the_cache_compressed_or_not(stack: Stack, encoding: str) -> None:
    headers = {"Accept-Encoding": encoding}
    path = style(stack)
    wait_for(lambda: kept(stack, path, **headers), 10, f"{path} comes from the cache")
    answer = ask("GET", f"{stack.url}{path}", headers=headers)
    assert answer.headers.get("content-encoding", "identity") == encoding
    assert "immutable" in answer.headers["cache-control"]


@pytest.mark.parametrize("path", NOT_CACHED)
def test_what_is_personal_or_of_this_moment_is_not_kept(stack: Stack, path: str) -> None:
    assert not kept(stack, path)


def test_nothing_that_is_kept_sets_a_cookie_or_depends_on_one(stack: Stack) -> None:
    for path in CACHED:
        answer = ask("GET", f"{stack.url}{path}", headers={"Cookie": f"csrftoken={'a' * 32}"})
        assert answer.headers["cache-control"] == "public, max-age=1"
        assert "set-cookie" not in answer.headers
        assert "cookie" not in answer.headers.get("vary", "").lower()


def test_a_thousand_open_pages_cost_web_less_than_fifty_requests_a_second(stack: Stack) -> None:
    """Each asks as its scripts do: every second for what changed since the newest change that it has seen,

    and every other second for the counts.
    """
    since, pages = dict[int, str](), range(1000)

    def renew(page: int, turn: int) -> int:
        if page % 100 == 0:
            create(stack.url, "1", "add", "1")  # so that there is something new
        changed = ask("GET", f"{stack.url}/tasks/now?lang=en{since.get(page, '')}")
        if newest := re.search(r'data-since="([^"]+)"', changed.body.decode()):
            since[page] = f"&since={newest[1]}"
        answers = [changed, *([ask("GET", f"{stack.url}/api/stats")] if (page + turn) % 2 else [])]
        assert {answer.status for answer in answers} == {200}
        return sum(not from_cache(answer) for answer in answers)

    begun = time.monotonic()
    with ThreadPoolExecutor(16) as pool:
        reached = [sum(pool.map(partial(renew, turn=turn), pages)) for turn in range(6)]
    seconds = time.monotonic() - begun
    print(f"\n9,000 requests in {seconds:.1f} s, of which {reached} reached web")
    assert sum(reached) / seconds < 50


def listed(stack: Stack, identity: int, **headers: str) -> bool:
    """Whether the list has the task."""
    tasks = ask("GET", f"{stack.url}/api/tasks", headers=headers).json()["items"]
    return any(task["id"] == identity for task in tasks)


def test_a_new_task_is_in_everybodys_list_within_a_second(stack: Stack) -> None:
    wait_for(partial(kept, stack, "/api/tasks"), 10, "the list is kept")
    identity = create(stack.url, "1", "add", "1")
    wait_for(partial(listed, stack, identity), 3, "the task is in the list")  # HAProxy counts whole seconds


def test_a_creator_sees_its_own_task_at_once(stack: Stack) -> None:
    for _ in range(5):
        wait_for(partial(kept, stack, "/api/tasks"), 10, "the list is kept")
        identity = create(stack.url, "1", "add", "1")
        assert listed(stack, identity, **{"Cache-Control": "no-cache"})


@pytest.mark.parametrize(
    "headers", [{"Authorization": "Bearer x"}, {"Cookie": "sessionid=x"}], ids=["token", "session"]
)
def test_what_is_asked_for_by_somebody_is_neither_answered_nor_kept_by_the_cache(
    stack: Stack, headers: dict[str, str]
) -> None:
    path = f"/api/tasks?limit={len(next(iter(headers)))}"  # a list that nobody else here looks at
    assert not kept(stack, path, **headers)
    assert not from_cache(ask("GET", f"{stack.url}{path}"))
    wait_for(partial(kept, stack, path), 10, "what nobody asked for by name is kept")
    assert not kept(stack, path, **headers)
