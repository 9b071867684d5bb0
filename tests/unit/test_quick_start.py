"""How the API's document begins: its commands, as they stand there."""

import re
import shlex
from typing import Any

import pytest
from django.test import Client
from documented import DOCUMENT, store

from durable import kinds
from durable.http import samples
from durable.models import Batch

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("plain_static", "published")]


def commands() -> list[list[str]]:
    """Those of the description, each in its words."""
    found: list[list[str]] = []
    for block in re.findall(r"```sh\n(.*?)```", DOCUMENT["info"]["description"], re.DOTALL):
        for word in shlex.split(block, comments=True):
            if word == "curl":
                found.append([])
            else:
                found[-1].append(word)
    return found


def curl(client: Client, words: list[str]) -> Any:
    """Do what the command does."""
    headers, method, body, where = dict[str, str](), "GET", "", ""
    rest = iter(words)
    for word in rest:
        if word == "-H":
            name, _, value = next(rest).partition(": ")
            headers[name] = value
        elif word in ("-d", "--data-binary"):
            method, body = "POST", next(rest)
        elif word == "-X":
            method = next(rest)
        elif word != "-i":
            where = word.removeprefix("http://localhost")
    return client.generic(method, where, body, headers.pop("Content-Type", ""), headers=headers)


@pytest.mark.django_db(transaction=True, reset_sequences=True)
def test_the_quick_start_works_word_by_word(client: Client) -> None:
    store(kinds.first(), samples.TASK - 1)
    Batch.objects.create(pk=samples.BATCH - 1, kind="mathtask", total=1, fingerprint="")
    answers = [curl(client, words) for words in commands()]
    assert [answer.status_code for answer in answers] == [201, 200, 201, 200, 200, 200, 200, 200, 200]
    assert answers[0]["Location"] == f"/api/tasks/{samples.TASK}"
    assert answers[2]["Location"] == f"/api/batches/{samples.BATCH}"
    assert answers[-1].json()["items"]


def test_it_says_how_to_follow_what_changes() -> None:
    words = DOCUMENT["info"]["description"]
    assert "## Quick start" in words
    assert "`GET /api/tasks?since=...`" in words
    assert "look, create, cancel and retry" in words
