"""What is asked of MySQL costs the same however long the table is: each query uses an index, and none sorts a table."""

import json

import pytest

from support.stack import Stack

# Each line is called for real, and what it asked is explained.
SCRIPT = """
import json
from datetime import timedelta
from django.db import connection, transaction
from django.utils import timezone
from arithmetic import batches, listing, pace, services, stats
from arithmetic.listing import Filters, changes, page
from arithmetic.models import Batch, MathTask
rows, now, batch = MathTask.objects, timezone.now(), Batch.objects.order_by("-pk").first()
middle = rows.order_by("-pk")[20000:].values_list("pk", flat=True).first()
calls = {
  "sweep: waiting": lambda: rows.overdue("filled", now, 20000),
  "sweep: waiting alone": lambda: rows.overdue("tasks", now, 20000),
  "sweep: held": lambda: rows.release_lost(),
  "purge": lambda: rows.purge(timedelta(days=30), 1000),
  "list": lambda: page(),
  "list: older": lambda: page(before=middle),
  "list: newer": lambda: page(after=middle),
  "list: status": lambda: page(filters=Filters(status="failed")),
  "list: status, older": lambda: page(filters=Filters(status="success"), before=middle),
  "list: operation": lambda: page(filters=Filters(task_type="minus"), before=middle),
  "list: batch": lambda: page(filters=Filters(batch=batch.pk), before=middle),
  "list: batch and status": lambda: page(filters=Filters(batch=batch.pk, status="success"), after=middle),
  "list: status and operation": lambda: page(filters=Filters(status="success", task_type="minus"), before=middle),
  "changes": lambda: changes(since=listing.cursor(now - timedelta(seconds=9000), 7)),
  "counts": lambda: stats.count(),
  "count: batch": lambda: batch.counts(),
  "how many": lambda: services.matching("retry", Filters(status="failed")),
  "retry many": lambda: services.retry_matching(filters=Filters(status="failed"), expected=100000),
  "retry many of a batch": lambda: services.retry_matching(filters=Filters(batch=batch.pk), expected=100000),
  "results": lambda: list(batches.results(batch.pk)),
  "pace": lambda: (pace.ended(now - timedelta(seconds=20), now), pace.waiting(now - timedelta(seconds=20))),
  "pace: many": lambda: pace.ended(now - timedelta(days=1), now),
}
plans = {}
for name, call in calls.items():
    connection.force_debug_cursor = True
    connection.queries_log.clear()
    with transaction.atomic():
        call()
        asked = [query["sql"] for query in connection.queries if query["sql"].startswith("SELECT")]
        transaction.set_rollback(True)
    connection.force_debug_cursor = False
    with connection.cursor() as cursor:
        for number, sql in enumerate(asked[:9]):
            if "`math_task`" in sql:
                cursor.execute("EXPLAIN FORMAT=TREE " + sql.replace("%", "%%"))
                plans[f"{name} {number}"] = cursor.fetchone()[0]
print("PLANS" + json.dumps(plans))
"""
# The waiting ones are in a queue that no sweep looks after.
FILL = """
SET SESSION cte_max_recursion_depth = 1000000;
INSERT INTO batch (total, fingerprint) VALUES (4000, 'filled');
SET @batch = LAST_INSERT_ID();
INSERT INTO math_task (batch_id, queue, task_type, x, y, result, status, error, attempts, worker, update_time)
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40000)
SELECT IF(i % 10, NULL, @batch), IF(i % 5, 'tasks', 'filled'), IF(i % 3, 'add', 'minus'), i, '1', '2',
  IF(i % 5, IF(i % 7, 'success', IF(i % 2, 'failed', 'cancelled')), 'created'), '', 1, 'filled',
  NOW() - INTERVAL i SECOND FROM n;
ANALYZE TABLE math_task;
"""
EMPTY = "DELETE FROM math_task WHERE worker = 'filled'; DELETE FROM batch WHERE fingerprint = 'filled';"


@pytest.fixture
def plans(stack: Stack) -> dict[str, str]:
    """The plan of each query on a table with some tens of thousands of rows."""
    stack.sql(FILL)
    try:
        out = stack.compose("exec", "-T", "web", "python", "web/manage.py", "shell", "-c", SCRIPT)
    finally:
        stack.sql(EMPTY)
    found: dict[str, str] = json.loads(out.split("PLANS", 1)[1])
    return found


def test_no_query_reads_the_whole_table_or_sorts_it(plans: dict[str, str]) -> None:
    assert len(plans) > 20
    for name, plan in plans.items():
        assert "Table scan on math_task" not in plan, (name, plan)
        assert "Sort:" not in plan, (name, plan)
        assert " using " in plan or "Impossible WHERE" in plan, (name, plan)
