"""What is asked of MySQL costs the same however long the table is: each query uses an index, and none sorts a table."""

import json
from typing import Any

import pytest

from support.stack import Stack

# Each line is called for real, a message being worked on, and what it asked is explained.
SCRIPT = """
import json
from datetime import timedelta
from django.db import connection, transaction
from django.db.models.functions import Now
from django.utils import timezone
from durable import batches, bounds, claims, due, failures, filters, kinds, listing, metrics, outcomes, purge
from durable import actions, results, stats, sweep, taking
from durable.claimed import Claim
from durable.filters import Filters
from durable.listing import changes, page
from durable.models import Batch
from durable.states import Status
from durable.words import Sentence
kind, now, batch = kinds.get("mathtask"), timezone.now(), Batch.objects.order_by("-pk").first()
rows = kind.model.objects
middle = rows.order_by("-pk")[20000:].values_list("pk", flat=True).first()
ids = list(rows.filter(status="created", pk__lt=middle).order_by("-pk").values_list("pk", flat=True)[:500])
held = claims.Held("filled/1", 1, kind, 0)

def claim(ids):
    Claim.objects.filter(worker="filled/1").delete()
    listed = claims.listing(ids)
    fields = dict(worker="filled/1", seq=1, kind=kind.name, first=min(ids), last=max(ids), ids=listed)
    return Claim.objects.create(start_time=Now(), **fields)

def written(**lists):
    done = outcomes.Outcomes(**lists)
    for sql, values, _ in outcomes.changes(held, done):
        with connection.cursor() as cursor:
            cursor.execute(sql, values)

def fall_due(ids):
    rows.filter(pk__in=ids).update(due_time=now - timedelta(seconds=5))
    return due.begin(kind)

def reads(call):
    with connection.cursor() as cursor:
        def read():
            cursor.execute("SHOW SESSION STATUS WHERE Variable_name IN ('Handler_read_key', 'Handler_read_next')")
            return sum(int(value) for _, value in cursor.fetchall())
        before = read()
        call()
        return read() - before

def filtered(**filters):
    return [page(kind, filters=Filters(**filters), **place) for place in ({}, {"before": middle}, {"after": middle})]

minus, one = {"task_type": "minus"}, batch.pk
later = list(rows.filter(status="scheduled").order_by("pk").values_list("pk", flat=True)[:700])
short = reads(lambda: due.begin(kind))
calls = {
  "claim: rows": lambda: taking.rows(held, ids),
  "share": lambda: claims.free_ids(kind, 0, ids),
  "share: a range": lambda: claims.free_ids(kind, 0, range(middle - 500, middle)),
  "still open": lambda: claims.open_ids(kind, 0, ids),
  "still open: a range": lambda: claims.open_ids(kind, 0, range(middle - 500, middle)),
  "claim: rows of a range": lambda: taking.rows(held, range(middle - 500, middle)),
  "outcome: results": lambda: written(results=[(id, 5, "2") for id in ids]),
  "outcome: others": lambda: written(others=[(id, 5, "scheduled", "no", None, 1, 60000000) for id in ids]),
  "outcome: untouched": lambda: written(untouched=ids),
  "sweep: release": lambda: claims.release(Claim.objects.get(worker="filled/1")),
  "sweep: overdue": lambda: sweep.overdue(kind, "filled", now),
  "sweep: overdue alone": lambda: sweep.overdue(kind, "tasks", now),
  "sweep: touch": lambda: rows.touch(ids, now),
  "due": lambda: fall_due(later),
  "due: none": lambda: due.begin(kind),
  "purge": lambda: purge.purge_tasks(kind, Status.SUCCESS, timedelta(days=0), 1000),
  "purge: batches": lambda: purge.purge_batches(kind, timedelta(days=0), 1000),
  "bound": lambda: bounds.Waiting(kind).known(),
  "one": lambda: listing.one(kind, ids[0]),
  "list": lambda: filtered(),
  **{f"list: {status}": lambda status=status: filtered(status=status)
     for status in ("scheduled", "created", "pending", "success", "failed", "cancelled")},
  "list: operation": lambda: filtered(values=minus),
  "list: batch": lambda: filtered(batch=one),
  **{f"list: batch, {status}": lambda status=status: filtered(batch=one, status=status)
     for status in ("scheduled", "created", "pending", "success")},
  "list: operation, created": lambda: filtered(status="created", values=minus),
  "list: operation, pending": lambda: filtered(status="pending", values=minus),
  "list: operation, success": lambda: filtered(status="success", values=minus),
  "list: batch, operation": lambda: filtered(batch=one, values=minus),
  "fingerprint": lambda: listing.fingerprint(kind),
  "changes": lambda: changes(kind, since=listing.cursor(now - timedelta(seconds=9000), 7)),
  "counts": lambda: stats.count(kind),
  "metrics": lambda: metrics.tasks(metrics.claimed()[0]),
  "counts: batch": lambda: batches.counts(batch),
  "how many": lambda: actions.matching(kind=kind, action="retry", filters=Filters(status="failed")),
  "how many: created": lambda: actions.matching(kind=kind, action="cancel", filters=Filters(status="created")),
  "how many: pending": lambda: actions.matching(kind=kind, action="cancel", filters=Filters(status="pending")),
  "how many: scheduled": lambda: actions.matching(kind=kind, action="cancel", filters=Filters(status="scheduled")),
  "retry": lambda: actions.retry_task(kind=kind, task_id=ids[0] + 1),
  "retry many": lambda: actions.retry_matching(kind=kind, filters=Filters(status="failed"), expected=100000),
  "retry many of a batch": lambda: actions.retry_matching(kind=kind, filters=Filters(batch=one), expected=100000),
  "cancel many": lambda: actions.cancel_matching(kind=kind, filters=Filters(status="pending"), expected=100000),
  "cancel many: scheduled": lambda: actions.change_these(
     kind, "cancel", actions._next_ids(kind, "scheduled", Filters(), 0, 1000)),
  "cancel many of a batch": lambda: actions.cancel_matching(kind=kind, filters=Filters(batch=one), expected=100000),
  "results": lambda: list(results.results(kind, Filters(batch=one))),
  "results: failed of a batch": lambda: list(results.results(kind, Filters(batch=one, status="failed"))),
  "results: operation": lambda: list(results.results(kind, Filters(values=minus))),
  "results: error": lambda: list(results.results(kind, Filters(status="failed", error="no"))),
  "failures": lambda: failures.failures(kind),
  "failures: batch": lambda: failures.failures(kind, one),
  "list: error": lambda: filtered(status="failed", error="no"),
  "list: worker": lambda: filtered(worker="filled"),
  "list: worker, pending": lambda: filtered(status="pending", worker="filled/1"),
  "list: times": lambda: filtered(created_from=now - timedelta(hours=1), created_to=now),
  "list: times, failed": lambda: filtered(status="failed", created_from=now - timedelta(hours=1), created_to=now),
  "halving": lambda: filters.halved(kind, now - timedelta(seconds=1)),
  "how many: times": lambda: actions.matching(
     kind=kind, action="retry", filters=Filters(status="failed", created_from=now - timedelta(hours=1))),
}
plans = {}
for name, call in calls.items():
    with transaction.atomic():
        claim(ids)
        connection.force_debug_cursor = True
        connection.queries_log.clear()
        try:
            call()
        except actions.NotPossible:
            pass
        asked = [query["sql"] for query in connection.queries if "math_task" in query["sql"]]
        connection.force_debug_cursor = False
        with connection.cursor() as cursor:
            for number, sql in enumerate(asked[:9]):
                form = "FORMAT=TREE" if sql.startswith(("SELECT", "WITH held")) else "FORMAT=TRADITIONAL"
                cursor.execute(f"EXPLAIN {form} " + sql.replace("%", "%%"))
                rest = [dict(zip([column[0] for column in cursor.description], row)) for row in cursor.fetchall()]
                plans[f"{name} {number}"] = [sql[:3000], rest[0]["EXPLAIN"] if "TREE" in form else rest]
        transaction.set_rollback(True)
print("PLANS" + json.dumps({"plans": plans, "short": short}, default=str))
"""
# The waiting ones are in a queue that no sweep looks after.
FILL = """
SET SESSION cte_max_recursion_depth = 1000000;
INSERT INTO durable_batch (kind, total, fingerprint) VALUES ('mathtask', 4000, 'filled');
SET @batch = LAST_INSERT_ID();
INSERT INTO math_task (batch_id, queue, task_type, x, y, result, status, error, attempts, worker, due_time)
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)
SELECT IF(i % 100, NULL, @batch), 'tasks', 'add', i, '1', '', 'scheduled', '', 0, 'filled',
  NOW() + INTERVAL 3600 + i SECOND FROM n;
INSERT INTO math_task (batch_id, queue, task_type, x, y, result, status, error, attempts, worker, update_time)
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40000)
SELECT IF(i % 10, NULL, @batch), IF(i % 5, 'tasks', 'filled'), IF(i % 3, 'add', 'minus'), i, '1', '2',
  IF(i % 5, IF(i % 7, 'success', IF(i % 2, 'failed', 'cancelled')), 'created'), '', 1, 'filled',
  NOW() - INTERVAL i SECOND FROM n;
ANALYZE TABLE math_task;
"""
EMPTY = "DELETE FROM math_task WHERE worker = 'filled'; DELETE FROM durable_batch WHERE fingerprint = 'filled';"


Plans = dict[str, tuple[str, Any]]


@pytest.fixture(scope="module")
def found(stack: Stack) -> dict[str, Any]:
    """What the script has found on a table with some tens of thousands of rows, and more that are put off."""
    stack.sql(FILL)
    try:
        out = stack.compose("exec", "-T", "web", "python", "web/manage.py", "shell", "-c", SCRIPT)
    finally:
        stack.sql(EMPTY)
    answer: dict[str, Any] = json.loads(out.split("PLANS", 1)[1])
    return answer


@pytest.fixture(scope="module")
def plans(found: dict[str, Any]) -> Plans:
    """Each query, and its plan."""
    plans: Plans = found["plans"]
    return plans


# These sort what claims hold, 500 rows for each process at most, or the groups of the newest 10,000 failures.
BOUNDED = ("claim: rows", "changes 1", "failures")


def sound(name: str, plan: str) -> bool:
    """Whether the plan is as it should be."""
    if "Table scan on math_task" in plan or ("Sort:" in plan and not name.startswith(BOUNDED)):
        return False
    return any(words in plan for words in (" using ", "Rows fetched before execution", "Zero rows"))


def test_no_question_reads_the_whole_table_or_sorts_it(plans: Plans) -> None:
    trees = {name: (sql, plan) for name, (sql, plan) in plans.items() if isinstance(plan, str)}
    assert len(trees) > 60
    bad = [f"{name}\n{plan}\n{sql}" for name, (sql, plan) in trees.items() if not sound(name, plan)]
    assert not bad, "\n\n".join(bad)


def test_no_change_reads_the_whole_table(plans: Plans) -> None:
    changes = {name: (sql, plan) for name, (sql, plan) in plans.items() if not isinstance(plan, str)}
    assert len(changes) > 10
    for name, (sql, plan) in changes.items():
        steps = [step for step in plan if step["table"] in {"math_task", "t"}]
        assert steps, (name, sql, plan)
        for step in steps:
            assert step["type"] in {"eq_ref", "const", "range", "ref"}, (name, sql, step)
            assert "filesort" not in (step["Extra"] or ""), (name, sql, step)


def test_what_is_put_off_costs_the_walk_of_what_is_due_nothing(found: dict[str, Any]) -> None:
    assert found["short"] <= 5  # index entries read, beside 100,000 that are not due
