import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries
from rows import store
from sentences import sentence

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("plain_static")]


@pytest.mark.parametrize("query", ["before=-1", "before=x", f"after={2**64}", "limit=0", "limit=501", "limit=x"])
def test_a_cursor_out_of_range_is_refused_with_a_sentence(client: Client, query: str) -> None:
    response = client.get(f"/api/tasks?{query}")
    assert response.status_code == 422
    assert query.split("=")[0] in sentence(response)
    assert client.get("/api/tasks/x").status_code == 422


def test_pages_show_each_row_once_and_lead_back(client: Client) -> None:
    ids = store(23)[::-1]
    pages = [client.get("/api/tasks?limit=5").json()]
    while pages[-1]["next"]:
        pages.append(client.get(f"/api/tasks?limit=5&before={pages[-1]['next']}").json())
    assert [[item["id"] for item in page["items"]] for page in pages] == [ids[i : i + 5] for i in range(0, 23, 5)]
    assert pages[0]["previous"] is None
    back = [pages[-1]]
    while back[-1]["previous"]:
        back.append(client.get(f"/api/tasks?limit=5&after={back[-1]['previous']}").json())
    assert [page["items"] for page in back] == [page["items"] for page in pages[::-1]]


def test_the_last_page_of_exactly_one_page_has_no_next(client: Client) -> None:
    store(5)
    page = client.get("/api/tasks?limit=5").json()
    assert (len(page["items"]), page["next"], page["previous"]) == (5, None, None)


def test_a_page_of_the_list_costs_two_statements(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    ids = store(9)
    for query in ("", f"?before={ids[5]}", f"?after={ids[2]}&limit=3"):
        with django_assert_num_queries(2):
            assert client.get(f"/api/tasks{query}").status_code == 200
