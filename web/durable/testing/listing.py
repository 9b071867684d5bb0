"""The list: newest first, page by page by keyset, narrowed by state, batch and the kind's own filters."""

from typing import Any

from durable import listing
from durable.claims import Process
from durable.filters import Filters
from durable.testing.processes import run, take
from durable.testing.suite import Suite


class Listing(Suite):
    """By the API, and by the function below it."""

    def pages(self, size: int, **filters: Any) -> list[list[int]]:
        """All pages from the newest on."""
        found, cursor = list[list[int]](), dict[str, int]()
        while True:
            page = self.get(self.api, limit=size, **cursor, **filters)
            found.append([task["id"] for task in page["items"]])
            if page["next"] is None:
                return found
            cursor = {"before": page["next"]}

    def paged(self, size: int, **filters: Any) -> list[int]:
        """What is on all pages together."""
        return [identity for page in self.pages(size, **filters) for identity in page]

    def test_pages_tell_each_task_once_newest_first(self) -> None:
        ids = self.store(17)
        pages = self.pages(5)
        assert [len(page) for page in pages] == [5, 5, 5, 2]
        assert [identity for page in pages for identity in page] == ids[::-1]

    def test_pages_lead_back(self) -> None:
        ids = self.store(12)
        last = self.get(self.api, limit=4, before=ids[4])
        assert [task["id"] for task in last["items"]] == ids[3::-1]
        newer = self.get(self.api, limit=4, after=last["previous"])
        assert [task["id"] for task in newer["items"]] == ids[7:3:-1]

    def test_what_is_created_meanwhile_shifts_no_page(self) -> None:
        ids = self.store(8)
        first = self.get(self.api, limit=4)
        self.store(3)
        second = self.get(self.api, limit=4, before=first["next"])
        assert [task["id"] for task in second["items"]] == ids[3::-1]

    def test_every_state_is_a_filter(self) -> None:
        ids = self.store(6)
        run(Process("here/1"), self.work, ids[:2])
        self.kind.objects.cancel(ids[2:3])
        self.kind.objects.filter(pk=ids[3]).update(status="failed")
        take(Process("here/1"), self.work, ids[4:5])
        for status, expected in {
            "success": ids[1::-1], "cancelled": ids[2:3], "failed": ids[3:4], "pending": ids[4:5], "created": ids[5:],
        }.items():  # fmt: skip
            items = self.get(self.api, status=status)["items"]
            assert [task["id"] for task in items] == expected, status
            assert {task["status"] for task in items} == {status}

    def test_the_kinds_own_filters_narrow_the_list(self) -> None:
        self.store(3 * len(self.examples))
        batch = self.batch(2 * len(self.examples))
        rows = list(self.kind.objects.order_by("-id"))
        run(Process("here/1"), self.work, [row.pk for row in rows[::2]])
        for name in self.work.filters:
            for value in {getattr(row, name) for row in rows}:
                matching = [row.pk for row in rows if getattr(row, name) == value]
                assert self.paged(4, **{name: value}) == matching
                some = [pk for pk in matching if self.stored(pk).status == "success"]
                assert self.paged(4, **{name: value}, status="success") == some
                some = [row.pk for row in rows if row.pk in matching and row.batch_id == batch.pk]
                assert self.paged(4, **{name: value}, batch=batch.pk) == some

    def test_a_filter_together_with_another_looks_through_a_bounded_number(self) -> None:
        if not self.work.filters:
            return
        self.monkeypatch.setattr(listing, "LOOK_THROUGH", 5)
        name, ids = self.work.filters[0], self.store(6 * len(self.examples))
        value = getattr(self.stored(ids[0]), name)
        matching = [pk for pk in ids[::-1] if getattr(self.stored(pk), name) == value]
        assert self.paged(3, **{name: value}, status="created") == matching

    def test_filters_match_the_same_rows_as_the_database(self) -> None:
        ids = self.store(2 * len(self.examples))
        take(Process("here/1"), self.work, ids[:1])
        choices = [Filters(), Filters(status="pending"), Filters(status="created")]
        first = self.stored(ids[0])
        choices += [Filters(values={name: getattr(first, name)}) for name in self.work.filters]
        for filters in choices:
            found = {task.pk for task in listing.page(self.work, filters=filters).tasks}
            assert found == {pk for pk in ids if filters.match(self.row(pk))}

    def test_a_list_tells_what_is_listed_and_a_task_tells_all(self) -> None:
        (identity,) = self.store()
        whole, (brief,) = self.get(f"{self.api}/{identity}"), self.get(self.api)["items"]
        assert set(self.work.fields) <= set(whole)
        assert set(self.work.listed) <= set(brief)
        assert {name: whole[name] for name in self.work.listed} == {name: brief[name] for name in self.work.listed}
