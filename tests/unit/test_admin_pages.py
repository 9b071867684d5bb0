"""The pages of the admin: what an operator finds on them, and the buttons of one task."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.test import Client
from django.utils.translation import override
from django_celery_results.models import TaskResult
from looking import headings, html, text
from pytest_django import DjangoAssertNumQueries
from rows import ago, sign, store

from durable.claimed import Claim
from durable.http import cells
from durable.http.site import sections
from durable.models import Batch, Event

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("plain_static", "published")]
TASKS = "/admin/arithmetic/mathtask/"
RECORDS = "/admin/django_celery_results/taskresult/"


# --- The whole ------------------------------------------------------------------------------------


def test_it_has_the_name_the_icon_and_the_colours_of_the_site(boss: Client) -> None:
    for path in ("/admin/", TASKS, f"{TASKS}{store()[0]}/change/", "/admin/durable/token/add/"):
        page = html(boss, path)
        assert re.search(
            r'id="site-name"><a href="/admin/"><img src="[^"]*arithmetic/icon[^"]*svg"[^>]*> Abacus</a>', page
        )
        assert re.search(r"<title>[^<]*\| Abacus</title>", page)
        assert re.search(r'<link rel="icon" href="[^"]*arithmetic/icon[^"]*svg"', page)
        assert re.search(r'<link rel="stylesheet" href="[^"]*durable/admin[^"]*\.css"', page)
        assert "Django" not in page


def test_its_sections_are_named_by_what_they_are_for(boss: Client) -> None:
    page = html(boss, "/admin/")
    main = page[page.index('id="content-main"') :]
    sections = [" ".join(name.split()) for name in re.findall(r'class="section"[^>]*>(.*?)</a>', main, re.DOTALL)]
    assert sections == ["Tasks", "What goes on", "Who may do what"]
    listed = re.findall(r'<a href="(/admin/\w+/\w+/)">', main)
    names = [address.split("/")[3] for address in listed]
    assert names[:4] == ["mathtask", "reading", "loan", "job"]
    assert names[4:] == ["batch", "worker", "claim", "event", "taskresult", *names[9:]]
    assert set(names[9:]) == {"user", "group", "token"}
    assert "Failures as Celery tells them" in main


def test_an_app_that_is_none_of_ours_keeps_its_section() -> None:
    class Other: ...

    app = {"app_label": "shop", "name": "Shop", "models": [{"model": Other, "object_name": "User"}]}
    assert sections([app]) == [app]


def luminance(colour: str) -> float:
    """Of #rrggbb, as WCAG has it."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


GROUNDS = {
    "body-bg": "body-fg body-quiet-color link-fg error-fg scheduled created pending success failed cancelled",
    "darkened-bg": "body-fg body-quiet-color link-fg",
    "breadcrumbs-bg": "breadcrumbs-fg breadcrumbs-link-fg",
    "selected-row": "body-fg link-fg pending success failed cancelled",
    **dict.fromkeys(("button-bg", "close-button-bg", "delete-button-bg", "object-tools-bg"), "button-fg"),
    **dict.fromkeys(("message-success-bg", "message-warning-bg", "message-error-bg"), "body-fg"),
}


def test_each_text_of_the_admin_can_be_read_in_the_light_and_in_the_dark() -> None:
    sheet = Path(finders.find("durable/admin.css") or "").read_text()
    pairs = re.findall(r"--([\w-]+): (?:light-dark\()?(#\w{6})(?:, (#\w{6})\))?;", sheet)
    light, dark = ({name: colours[place] or colours[0] for name, *colours in pairs} for place in (0, 1))
    assert light != dark
    for colours in (light, dark):
        for ground, texts in GROUNDS.items():
            for name in texts.split():
                low, high = sorted(luminance(colours[each]) for each in (ground, name))
                assert (high + 0.05) / (low + 0.05) >= 4.5, (ground, name)


# --- Times ----------------------------------------------------------------------------------------

MOMENTS = [
    (5, "5 seconds ago"),
    (1, "1 second ago"),
    (60, "1 minute ago"),
    (190, "3 minutes ago"),
    (7300, "2 hours ago"),
]


@pytest.mark.parametrize(("seconds", "words"), [*MOMENTS, (-190, "in 3 minutes"), (-86_500, "in 1 day")])
def test_a_time_says_how_long_ago_it_is(seconds: int, words: str) -> None:
    assert cells.relative(ago(seconds)) == words


def test_a_time_is_told_to_the_second_and_in_the_readers_language() -> None:
    moment = datetime(2026, 1, 31, 12, 5, 7, tzinfo=UTC)
    assert "2026-01-31 12:05:07 UTC</time>" in cells.moment(moment)
    assert 'datetime="2026-01-31T12:05:07+00:00"' in cells.moment(moment)
    assert cells.moment(None) == "–"
    with override("zh-hans"):
        assert cells.relative(ago(5)) == "5 秒前"
        assert cells.relative(ago(190)) == "3 分钟前"


# --- The rest -------------------------------------------------------------------------------------


def test_a_batch_leads_to_its_page(boss: Client, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    batch = Batch.objects.create(kind="mathtask", total=2, fingerprint="", file_name="a.csv", request_id="r-7").pk
    store(2, batch_id=batch)
    with django_assert_num_queries(4):  # none of them counts its tasks
        page = html(boss, "/admin/durable/batch/")
    assert f'<a href="/batches/{batch}">' in page
    page = text(boss, f"/admin/durable/batch/{batch}/change/")
    assert "waiting: 2" in page
    assert "a.csv" in page
    assert "Request: r-7" in page


def test_workers_and_their_processes_have_readable_headings(boss: Client) -> None:
    sign("w", [1, 2], since=190, beat=1)
    Claim.objects.create(worker="w/1", seq=1, kind="mathtask", first=5, last=9, ids="", start_time=ago(61))
    assert headings(boss, "/admin/durable/worker/") == [
        "Name",
        "Takes messages",
        "Processes",
        "Running since",
        "Last sign",
    ]
    page = text(boss, "/admin/durable/worker/")
    assert "3 minutes ago" in page
    assert re.search(r"\b1 second ago|\b2 seconds ago", page)
    assert headings(boss, "/admin/durable/claim/") == ["Worker", "At work", "Kind", "Tasks", "Began"]
    page = text(boss, "/admin/durable/claim/")
    assert "5 to 9" in page
    assert "1 minute ago" in page
    assert "Processes of workers" in page


def test_an_event_leads_to_its_task(boss: Client) -> None:
    Event.objects.create(what="cancel", kind="reading", subject="7", by="ann", request_id="r-7")
    Event.objects.create(what="cancel many", kind="mathtask", subject="1 to 9")
    Event.objects.create(what="login failed", subject="9")
    page = html(boss, "/admin/durable/event/")
    assert re.findall(r'<a href="([^"]+/tasks/\d+)">', page) == ["/reading/tasks/7"]
    assert "somebody without a name" in page
    assert "seconds ago" in page


def test_what_is_no_failure_is_not_among_celerys_failures(boss: Client) -> None:
    why = json.dumps({"exc_type": "KeyError", "exc_message": ["a bug"], "exc_module": "builtins"})
    TaskResult.objects.create(task_id="bug", status="FAILURE", result=why, task_name="durable.run", traceback="Why")
    TaskResult.objects.create(task_id="sweep", status="REVOKED", task_name="durable.sweep", result="no JSON")
    found = {
        query: set(re.findall(r"/change/[^>]*>(bug|sweep)</a>", html(boss, f"{RECORDS}{query}")))
        for query in ("", "?what=revoked", "?what=all", "?q=sweep")
    }
    assert found == {"": {"bug"}, "?what=revoked": {"sweep"}, "?what=all": {"bug", "sweep"}, "?q=sweep": {"sweep"}}
    assert "KeyError: a bug" in text(boss, RECORDS)
    page = text(boss, f"{RECORDS}{TaskResult.objects.get(task_id='bug').pk}/change/")
    assert "KeyError: a bug" in page
    assert "Periodic" not in page
