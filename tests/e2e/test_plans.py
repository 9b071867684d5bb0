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
from durable import batches, claims, kinds, listing, outcomes, pace, purge, results, services, stats, sweep
from durable.listing import Filters, changes, page
from durable.models import Batch, Claim
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
    for sql, values in outcomes.changes(held, done):
        with connection.cursor() as cursor:
            cursor.execute(sql, values)

def filtered(**filters):
    return [page(kind, filters=Filters(**filters), **place) for place in ({}, {"before": middle}, {"after": middle})]

minus, one = {"task_type": "minus"}, batch.pk
calls = {
  "claim: rows": lambda: claims.rows(held, ids),
  "claim: rows of a range": lambda: claims.rows(held, range(middle - 500, middle)),
  "outcome: results": lambda: written(results=[(id, 5, "2") for id in ids]),
  "outcome: others": lambda: written(others=[(id, 5, "created", "no", None, 1, 1) for id in ids]),
  "outcome: untouched": lambda: written(untouched=ids),
  "sweep: release": lambda: claims.release(Claim.objects.get(worker="filled/1")),
  "sweep: overdue": lambda: sweep.overdue(kind, "filled", now),
  "sweep: overdue alone": lambda: sweep.overdue(kind, "tasks", now),
  "sweep: touch": lambda: rows.touch(ids, now),
  "purge": lambda: purge.purge_tasks(kind, timedelta(days=0), 1000),
  "purge: batches": lambda: purge.purge_batches(kind, timedelta(days=0), 1000),
  "one": lambda: listing.one(kind, ids[0]),
  "list": lambda: filtered(),
  **{f"list: {status}": lambda status=status: filtered(status=status)
     for status in ("created", "pending", "success", "failed", "cancelled")},
  "list: operation": lambda: filtered(values=minus),
  "list: batch": lambda: filtered(batch=one),
  **{f"list: batch, {status}": lambda status=status: filtered(batch=one, status=status)
     for status in ("created", "pending", "success")},
  "list: operation, created": lambda: filtered(status="created", values=minus),
  "list: operation, pending": lambda: filtered(status="pending", values=minus),
  "list: operation, success": lambda: filtered(status="success", values=minus),
  "list: batch, operation": lambda: filtered(batch=one, values=minus),
  "changes": lambda: changes(kind, since=listing.cursor(now - timedelta(seconds=9000), 7)),
  "counts": lambda: stats.count(kind),
  "counts: batch": lambda: batches.counts(batch),
  "how many": lambda: services.matching(kind=kind, action="retry", filters=Filters(status="failed")),
  "how many: created": lambda: services.matching(kind=kind, action="cancel", filters=Filters(status="created")),
  "how many: pending": lambda: services.matching(kind=kind, action="cancel", filters=Filters(status="pending")),
  "retry": lambda: services.retry_task(kind=kind, task_id=ids[0] + 1),
  "retry many": lambda: services.retry_matching(kind=kind, filters=Filters(status="failed"), expected=100000),
  "retry many of a batch": lambda: services.retry_matching(kind=kind, filters=Filters(batch=one), expected=100000),
  "cancel many": lambda: services.cancel_matching(kind=kind, filters=Filters(status="pending"), expected=100000),
  "cancel many of a batch": lambda: services.cancel_matching(kind=kind, filters=Filters(batch=one), expected=100000),
  "results": lambda: list(results.results(batch)),
  "pace": lambda: (pace.ended(kind, now - timedelta(seconds=20), now), pace.waiting(kind, now - timedelta(seconds=20))),
  "pace: many": lambda: pace.ended(kind, now - timedelta(days=1), now),
}
plans = {}
for name, call in calls.items():
    with transaction.atomic():
        claim(ids)
        connection.force_debug_cursor = True
        connection.queries_log.clear()
        try:
            call()
        except services.NotPossible:
            pass
        asked = [query["sql"] for query in connection.queries if "math_task" in query["sql"]]
        connection.force_debug_cursor = False
        with connection.cursor() as cursor:
            for number, sql in enumerate(asked[:9]):
                form = "FORMAT=TREE" if sql.startswith("SELECT") else "FORMAT=TRADITIONAL"
                cursor.execute(f"EXPLAIN {form} " + sql.replace("%", "%%"))
                rest = [dict(zip([column[0] for column in cursor.description], row)) for row in cursor.fetchall()]
                plans[f"{name} {number}"] = [sql[:3000], rest[0]["EXPLAIN"] if "TREE" in form else rest]
        transaction.set_rollback(True)
print("PLANS" + json.dumps(plans, default=str))
"""
# The waiting ones are in a queue that no sweep looks after.
FILL = """
SET SESSION cte_max_recursion_depth = 1000000;
INSERT INTO durable_batch (kind, total, fingerprint) VALUES ('mathtask', 4000, 'filled');
SET @batch = LAST_INSERT_ID();
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
def plans(stack: Stack) -> Plans:
    """Each query, and its plan on a table with some tens of thousands of rows."""
    stack.sql(FILL)
    try:
        out = stack.compose("exec", "-T", "web", "python", "web/manage.py", "shell", "-c", SCRIPT)
    finally:
        stack.sql(EMPTY)
    found: Plans = json.loads(out.split("PLANS", 1)[1])
    return found


# These sort what claims hold: 500 rows for each process at most.
CLAIMED = ("claim: rows", "changes 1")


def sound(name: str, plan: str) -> bool:
    """Whether the plan is as it should be."""
    if "Table scan on math_task" in plan or ("Sort:" in plan and not name.startswith(CLAIMED)):
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
