"""What a request and a message cost: as many statements for many rows as for few."""

from collections.abc import Callable
from functools import partial
from typing import Any

from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext

from durable import actions, bounds, kinds, listing, stats, sweep
from durable.claims import Process
from durable.filters import EVERYTHING, Filters
from durable.http import shell
from durable.states import Status
from durable.testing.processes import claimed_since, run, sign, take
from durable.testing.suite import Suite

MANY = 60


class Costs(Suite):
    """Statements, counted."""

    def statements(self, step: Callable[[], Any]) -> list[str]:
        """Those that a step sends."""
        with CaptureQueriesContext(connection) as captured:
            step()
        return [query["sql"] for query in captured.captured_queries]

    def same_for_many(self, step: Callable[[], Any], most: int) -> None:
        """No more with many rows than with few."""
        self.store(2)
        step()  # what is asked only once is not counted
        few = self.statements(step)
        self.store(MANY)
        many = self.statements(step)
        assert len(many) == len(few), "\n".join(many)
        assert len(many) <= most, "\n".join(many)

    def test_a_task_is_created_by_one_insert(self) -> None:
        for kind in kinds.every():
            bounds.of(kind).due = float("inf")  # how many wait is asked at most once a second
        sent = self.statements(lambda: self.create(self.examples[0][0]))
        assert len([sql for sql in sent if sql.startswith("INSERT")]) == 1
        assert len(sent) <= 2, sent

    def test_a_list_costs_the_same_for_many(self) -> None:
        self.same_for_many(lambda: listing.page(self.work), 1)
        for status in Status:
            filters = Filters(status=status)
            self.same_for_many(partial(listing.page, self.work, filters=filters), 2)
        self.same_for_many(lambda: listing.changes(self.work, since="0-0"), 3)

    def test_requests_cost_the_same_for_many(self) -> None:
        self.same_for_many(lambda: self.get(self.api), 3)
        self.same_for_many(lambda: stats.count(self.work), 4)
        self.same_for_many(self.whole_page, 12)

    def whole_page(self) -> None:
        """The page anew."""
        stats.memories.clear()
        shell.forget()
        cache.clear()  # it has the figures for a second
        assert self.client.get(self.page).status_code == 200

    def test_a_message_costs_the_same_for_many(self) -> None:
        process, one, many = Process("here/1"), self.store(2), self.store(MANY)
        run(process, self.work, one[:1])
        few = self.statements(lambda: run(process, self.work, one[1:]))
        more = self.statements(lambda: run(process, self.work, many))
        assert len(more) == len(few), "\n".join(more)
        assert len(more) <= 8, "\n".join(more)

    def test_release_and_sweep_cost_the_same_for_many(self) -> None:
        sign("here", [2])
        counts = []
        for count in (2, MANY):
            process = Process("here/1")
            take(process, self.work, self.store(count))
            claimed_since(process, 10)
            counts.append(len(self.statements(sweep.release_lost)))
        assert counts[0] == counts[1]

    def test_many_are_cancelled_and_retried_by_few_statements(self) -> None:
        counts = []
        for count in (2, MANY):
            self.store(count)
            cancel = lambda: actions.cancel_matching(kind=self.work, filters=EVERYTHING, expected=1000)  # noqa: E731
            retry = lambda: actions.retry_matching(kind=self.work, filters=EVERYTHING, expected=1000)  # noqa: E731
            counts.append((len(self.statements(cancel)), len(self.statements(retry))))
        assert counts[0] == counts[1]

    def test_a_batch_is_stored_by_a_statement_for_each_thousand(self) -> None:
        sent = self.statements(lambda: self.batch(2_500))
        many = [sql for sql in sent if "INSERT" in sql and self.work.table in sql]
        assert 1 <= len(many) <= 3
