"""What the sweep, the purge and the list ask MySQL costs the same however long the table is: each uses an index."""

import json

import pytest

from support.stack import Stack

SCRIPT = """
import json
from datetime import timedelta
from django.db.models.functions import Now
from arithmetic.models import MathTask, Status
rows = MathTask.objects
plans = {
  "waiting": rows.filter(status=Status.CREATED, update_time__lt=Now()).order_by("update_time")[:100],
  "held": rows.filter(status=Status.PENDING).values("worker").distinct(),
  "old": rows.filter(status=Status.SUCCESS, update_time__lt=Now() - timedelta(days=30)).order_by("update_time")[:100],
  "list": rows.order_by("-id")[:51],
  "older": rows.filter(id__lt=1000).order_by("-id")[:51],
}
print("PLANS" + json.dumps({name: query.explain() for name, query in plans.items()}))
"""
FILL = """
SET SESSION cte_max_recursion_depth = 1000000;
INSERT INTO math_task (task_type, x, y, result, status, error, attempts, worker, update_time)
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
SELECT 'add', i, '1', '2', 'success', '', 1, 'filled', NOW() - INTERVAL 1 DAY FROM n;
ANALYZE TABLE math_task;
"""


@pytest.fixture
def plans(stack: Stack) -> dict[str, str]:
    """The plan of each query on a table with some tens of thousands of rows."""
    stack.sql(FILL)
    try:
        out = stack.compose("exec", "-T", "web", "python", "web/manage.py", "shell", "-c", SCRIPT)
    finally:
        stack.sql("DELETE FROM math_task WHERE worker = 'filled'")
    found: dict[str, str] = json.loads(out.split("PLANS", 1)[1])
    return found


def test_no_query_reads_the_whole_table_or_sorts_it(plans: dict[str, str]) -> None:
    assert len(plans) == 5
    for name, plan in plans.items():
        assert "Table scan on math_task" not in plan, (name, plan)
        assert "Sort:" not in plan, (name, plan)
    for name in ("waiting", "held", "old"):
        assert "math_task_status_update" in plans[name], (name, plans[name])
    for name in ("list", "older"):
        assert "PRIMARY" in plans[name], (name, plans[name])
