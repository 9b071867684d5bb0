"""Readers of two languages at once, through the real uWSGI: each gets the own one."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from support.embedded import Embedded
from support.http import ask, create

WORDS = {"en": "Newest first", "zh-CN": "最新的在前"}


@pytest.mark.parametrize("path", ["/tasks/now?lang=xx", "/tasks/now?lang=", "/tasks/now"])
def test_no_reader_gets_the_language_of_another(embedded: Embedded, path: str) -> None:
    create(embedded.url, "1", "add", "2")

    def read(language: str) -> bool:
        answer = ask("GET", f"{embedded.url}{path}", headers={"Accept-Language": language})
        return WORDS[language] in answer.body.decode() and "public" not in answer.headers["cache-control"]

    with ThreadPoolExecutor(16) as pool:
        right = list(pool.map(read, ["en", "zh-CN"] * 80))
    assert right.count(False) == 0
